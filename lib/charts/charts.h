// SPDX-License-Identifier: Apache-2.0
// Charts that are not in Git: a repository, a name and a version go in, a verified tree of files
// comes out. Every digest that an index or a registry names is checked; packages are kept on disk
// under their digest, so that a repository that is away stops nobody who has the version already.
// It does not know Applications, rendering or Kubernetes.
// Mirrors argo-cd 3.6 reposerver/repository/repository.go (newHelmClientResolveRevision,
// newOCIClientResolveRevision) and helm 4.3 pkg/downloader/chart_downloader.go.
#pragma once

#include "base/clock.h"
#include "charts/cache.h"
#include "charts/download.h"
#include "charts/index.h"
#include "charts/registry.h"
#include "charts/repository.h"
#include "tree/memory_tree.h"

#include <memory>
#include <stop_token>
#include <string>

namespace holdfast::charts {

struct ChartLimits {
  Bounds index{.bytes_max = std::size_t{64} << 20};
  Bounds package{.bytes_max = std::size_t{64} << 20};
  RegistryLimits registry;
  CacheLimits cache;
  std::uint64_t unpacked_bytes_max = std::uint64_t{256} << 20;
  std::uint64_t files_max = 50'000;
};

struct ChartsOptions {
  std::string directory;  // made when absent; belongs to this object alone
  ChartLimits limits;
  MakeTransport make_transport;  // empty: libcurl
};

// Which chart. With an empty `chart` the registry's URL is the artifact itself.
struct Query {
  std::string chart;
  std::string version;             // a version, a range, "" (the highest); of artifacts also a tag
  Duration max_age = Duration{0};  // a list of versions this recent may answer
};

struct Package {
  crypto::Sha256 digest;  // of the bytes
  Content content = Content::chart;
  std::string bytes;  // a tar in gzip
};

// Thread-safe; one request per repository at a time, repositories do not wait for each other. With
// Reach::here only packages that are kept and versions that are no range are answered.
class Charts {
 public:
  // Refuses with Code::file_unwritable. `clock` must outlive it.
  static Result<std::unique_ptr<Charts>> open(ChartsOptions options, const Clock& clock);
  ~Charts();

  // What status.sync.revision shows: the version of a chart, the digest of an artifact. A version
  // that is no range is returned without a question, as Argo CD does.
  // Refuses with Code::chart, unreachable, timed_out, limit or stopped.
  Result<std::string> resolve(const Repository& repository, const Query& query,
                              const std::stop_token& stop);

  // `version` is what resolve() returned. Refuses as resolve().
  Result<Package> fetch(const Repository& repository, const std::string& chart,
                        const std::string& version, const std::stop_token& stop);

  // The files of that package; of a chart without the folder that holds them.
  Result<std::shared_ptr<const tree::FileTree>> tree(const Repository& repository,
                                                     const std::string& chart,
                                                     const std::string& version,
                                                     const std::stop_token& stop);

  // Forgets the lists of versions and which digest the repository's versions had (hard refresh).
  void expire(const std::string& url);

  struct State;

  class Private {
    friend class Charts;
    Private() = default;
  };

  Charts(Private, std::unique_ptr<State> state);  // open() is the only one that can call it

 private:
  std::unique_ptr<State> state_;
};

// A package's files. A chart's lie in one folder, which is left out.
// Refuses with Code::chart, limit or path_outside.
Result<tree::MemoryTree> unpack(std::string_view bytes, Content content, const ChartLimits& limits);

}  // namespace holdfast::charts
