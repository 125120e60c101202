// SPDX-License-Identifier: Apache-2.0
// The repository that Holdfast writes, as a pure function from settings to files: the whole skeleton,
// one more cluster, one more application. It does not know the disk, Git or a cluster.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "tree/memory_tree.h"

namespace holdfast::bootstrap {

using Files = tree::MemoryTree::Files;

enum class GitStorage { host, claim, memory };

struct ClusterSettings {
  std::string name;                    // a DNS label
  std::string engine_namespace = "argocd";
  std::string repository = "fleet";    // the built-in Git serves it as <repository>.git
  std::string branch = "main";
  std::string git_url;                 // empty: the built-in Git's
  std::string agent_image = "holdfast.local/agent";
  std::string agent_tag;               // empty: this program's version
  std::string hello_image;             // empty: the sample of this program's version
  GitStorage storage = GitStorage::memory;
  std::string host_path;               // with GitStorage::host
};

enum class AppSource { chart, kustomize, directory };

struct AppSettings {
  std::string name;       // a DNS label
  std::string path;       // of the chart, kustomization or manifests, inside the repository
  AppSource source;
  std::string target_namespace;  // empty: the name
};

// The URL under which the cluster's built-in Git serves the repository.
std::string builtin_git_url(const ClusterSettings& settings);

// Refuses names that are no DNS label (Code::usage).
Result<> check_name(std::string_view what, std::string_view name);

// The skeleton with one cluster.
Result<Files> scaffold_repository(const ClusterSettings& settings);

// cluster/<name>/ alone, for a repository that exists.
Result<Files> scaffold_cluster(const ClusterSettings& settings);

// internal/hello/ and its Application.
Result<Files> scaffold_hello(const tree::FileTree& repository, const ClusterSettings& settings);

// The files that add an Application to a cluster: app-of-apps/<name>.yaml, its overlay, and the entry
// in app-of-apps/kustomization.yaml. Refuses with Code::repo_layout or Code::object_exists.
Result<Files> scaffold_app(const tree::FileTree& repository, const ClusterSettings& settings,
                           const AppSettings& app);

}  // namespace holdfast::bootstrap
