// SPDX-License-Identifier: Apache-2.0
// The Applications of a repository, read and rendered without a cluster: what lint, render and install
// share. It does not know the disk or Git: a tree is a tree.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "render/render.h"
#include "repository.h"
#include "sync/application.h"
#include "tree/file_tree.h"

namespace holdfast::bootstrap {

// What a renderer may know of the cluster.
struct ClusterFacts {
  std::string kube_version = "v1.37.2";
  std::vector<std::string> api_versions;
};

// An Application by its file in cluster/<name>/app-of-apps/.
Result<sync::Application> read_application(const tree::FileTree& repository, const std::string& cluster, const std::string& file);

// Everything that the cluster's app-of-apps folder holds, Applications and projects among it.
Result<std::vector<render::Manifest>> render_app_of_apps(const tree::FileTree& repository, const ClusterSettings& cluster,
                                                         const ClusterFacts& facts);

// The manifests of an Application whose source is this repository.
Result<std::vector<render::Manifest>> render_application(const tree::FileTree& repository, const sync::Application& application,
                                                         const ClusterFacts& facts);

}  // namespace holdfast::bootstrap
