// SPDX-License-Identifier: Apache-2.0
// An Application's source → the right renderer → manifests. Pure: a tree goes in; what comes out is
// complete or an error, never a part. It does not know the cluster or Git.
// Mirrors argoproj/argo-cd 3.6: reposerver/repository/repository.go (GenerateManifests,
// GetAppSourceType, mergeSourceParameters) and util/app/path/path.go.
#pragma once

#include "base/result.h"
#include "tree/file_tree.h"
#include "value/value.h"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::render {

enum class Type { directory, kustomize, helm };

// "Directory", "Kustomize", "Helm", as status.sourceType has it.
std::string_view type_name(Type type);

// What the renderers may know of the Application and its destination.
struct Context {
  std::string application;
  std::string project;
  std::string namespace_;                 // the destination's
  std::string revision;                   // the commit that the tree is
  std::string kube_version;               // "v1.37.2"
  std::vector<std::string> api_versions;  // "apps/v1", "apps/v1/Deployment"
  // The files of another repository at a revision, for remote bases of kustomizations; "" is the
  // default branch. Absent: remote bases are refused.
  std::function<Result<std::shared_ptr<const tree::FileTree>>(const std::string& repository,
                                                              const std::string& revision)>
      repository;
  // The text of a values file that is named by a URL. Absent: such files are refused.
  std::function<Result<std::string>(const std::string& url)> values_file;
  // The trees of sources with a `ref`, by "$name".
  std::map<std::string, std::shared_ptr<const tree::FileTree>, std::less<>> references;
  std::string kustomize_options;  // argocd-cm's kustomize.buildOptions
  std::vector<std::string> kustomize_versions;  // those that argocd-cm has a kustomize.path of
  // How long a kustomization may be built; Argo CD's ARGOCD_EXEC_TIMEOUT is as long.
  std::chrono::milliseconds build_time{90'000};
};

struct Manifest {
  Value object;
  std::string origin;  // "path/file.yaml:12:1", or the path alone where a renderer made it
};

struct Rendered {
  Type type = Type::directory;
  std::vector<Manifest> manifests;
};

// `source` is the Application's spec.source (or one of spec.sources) as it stands there; of a chart
// the root of `tree` is the chart. Lists are flattened.
Result<Rendered> render(const Value& source, const Context& context, const tree::FileTree& tree);

}  // namespace holdfast::render
