// SPDX-License-Identifier: Apache-2.0
// `holdfast repo init | add-cluster | add-app`: write the cluster repository (repository.h has the
// files; this puts them on disk and into Git).
#pragma once

#include <string>

#include "base/result.h"
#include "console.h"
#include "repository.h"

namespace holdfast::bootstrap {

struct RepoInitOptions {
  std::string folder;
  ClusterSettings cluster;
  std::string sample;  // "" or "hello"
};

struct RepoAddClusterOptions {
  std::string folder = ".";
  ClusterSettings cluster;
};

struct RepoAddAppOptions {
  std::string folder = ".";
  std::string cluster;  // empty: the only one
  std::string name;
  std::string chart, kustomize, directory;  // exactly one: a path inside the repository
  std::string target_namespace;
};

Result<> run_repo_init(const RepoInitOptions& options, Console& console);
Result<> run_repo_add_cluster(const RepoAddClusterOptions& options, Console& console);
Result<> run_repo_add_app(const RepoAddAppOptions& options, Console& console);

// What `init` and `up` share: makes the repository, or finds that it is there already with this
// cluster in it. Returns the id of the commit on its branch.
struct MadeRepository {
  std::string commit;
  std::size_t files = 0;
  bool existed = false;
};
Result<MadeRepository> make_repository(const RepoInitOptions& options, const Clock& clock);

// Would make_repository() go through? Reads only.
Result<> check_repository(const RepoInitOptions& options);

// cluster.toml of a cluster of the repository in `folder`; the only one when `cluster` is empty.
// Refuses with Code::repo_layout, naming the clusters there are.
Result<ClusterSettings> read_cluster(const tree::FileTree& repository, const std::string& cluster);

}  // namespace holdfast::bootstrap
