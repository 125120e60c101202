// SPDX-License-Identifier: Apache-2.0
// A kustomization into objects: what `kubectl kustomize` prints, as a pure function of a file tree.
// It does not know clusters, Git or the network; charts and other repositories come from the
// caller. Upstream: kustomize v5.8.1.
#pragma once

#include "base/result.h"
#include "kustomize/remote_url.h"
#include "tree/file_tree.h"
#include "value/value.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::kustomize {

struct Limits {
  std::size_t resources = 200'000;
  std::size_t files = 50'000;
  std::size_t bytes = std::size_t{256} << 20;  // of all files read
  std::size_t nodes = 4'000'000;               // of one file, aliases expanded
  int depth = 100;                             // of one document
  std::size_t copied = std::size_t{512} << 20;  // bytes that patches, replacements and the like
                                                // bring into resources
  std::chrono::milliseconds time{120'000};
};

// One entry of `helmCharts`: what `helm template` is called with.
struct ChartRequest {
  struct Values {
    std::string place;  // "file:line:col" of the document
    Value document;
  };

  const tree::FileTree& tree;  // what is read from it counts for the build's limits
  Limits limits;               // what the build may still spend
  std::string chart;           // directory in the tree
  std::string name, release, name_template, space, kube_version;
  std::vector<std::string> api_versions;
  std::vector<Values> values;  // in Helm's order: the later wins
  bool include_crds = false, skip_hooks = false, skip_tests = false;
};

enum class Order { legacy, fifo };

// Which files a kustomization may read: those in and below its own directory, or all of the tree.
enum class Reading { root_only, anywhere };

// Who gets the label app.kubernetes.io/managed-by: what a kustomization asks it for, or everything.
enum class ManagedBy { as_asked, always };

struct Options {
  Limits limits;
  Reading reading = Reading::root_only;
  Order order = Order::legacy;  // where the kustomization has no sortOptions
  ManagedBy managed_by = ManagedBy::as_asked;
  // What `helm template` prints. Without it helmCharts are refused.
  std::function<Result<std::string>(const ChartRequest&)> render_chart;
  // The files of another repository at a revision ("" is its default branch). Without it remote
  // bases are refused.
  std::function<Result<std::shared_ptr<const tree::FileTree>>(const RemoteUrl& url)> remote;
  std::string version = "v5.8.1";  // what managedByLabel says
};

struct BuiltResource {
  Value object;
  std::string origin;  // "path/file.yaml:12:1"; what made it, for generated ones
};

struct Built {
  std::vector<BuiltResource> resources;
  std::vector<std::string> warnings;
};

// `directory` holds the kustomization file. Complete or refused with the codes of reading, patching
// and Code::kustomization, kustomize_conflict, kustomize_target, source_unsupported, limit.
Result<Built> build(const tree::FileTree& tree, std::string_view directory,
                    const Options& options = {});

// The documents as the tool prints them.
std::string print(const Built& built);
// The same in pieces of whole lines, so that nobody has to hold all of it beside the objects. A piece
// is good until `take` returns.
void print(const Built& built, const std::function<void(std::string_view)>& take);

}  // namespace holdfast::kustomize
