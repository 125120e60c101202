// SPDX-License-Identifier: Apache-2.0
// AppProject: what an Application may use and touch. Pure.
// Mirrors argoproj/argo-cd 3.6 pkg/apis/application/v1alpha1/app_project_types.go and
// util/argo/argo.go: ValidatePermissions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sync/application.h"
#include "sync/clusters.h"
#include "sync/key.h"
#include "sync/window.h"

namespace holdfast::sync {

struct KindRule {
  std::string group, kind, name;
};

struct Project {
  std::string name;
  std::vector<std::string> source_repos;
  std::vector<Destination> destinations;
  std::vector<std::string> source_namespaces;  // beside the engine's own, where Applications may use it
  std::vector<KindRule> cluster_allowed, cluster_denied, namespace_denied;
  std::optional<std::vector<KindRule>> namespace_allowed;  // absent: all; present but empty: none
  bool own_clusters_only = false;  // permitOnlyProjectScopedClusters
  // What Secrets of clusters say, no part of the project's object: place_on().
  bool owns_this_cluster = false;
  std::optional<std::string> cluster_name{names::local_name};  // nothing: any could be it
  bool orphans_reported = false, orphans_warned = false;
  std::vector<KindRule> orphans_ignored;
  std::vector<Window> windows;

  [[nodiscard]] bool permits_source(const Source& source) const;
  [[nodiscard]] bool permits_namespace(const std::string& namespace_name) const;  // of this cluster
  [[nodiscard]] bool permits_kind(const Key& key, Scope scope) const;
  [[nodiscard]] bool permits_application(const Application& application) const;
  // Why an object of this cluster may not be touched, in upstream's words; "" when it may.
  [[nodiscard]] std::string refusal(const Key& key, Scope scope) const;
};

Project decode_project(const Value& object);

// Tells the project how this cluster is called and whose it is.
void place_on(Project& project, const Clusters& clusters);

// A condition of an Application as its status shows it.
struct Condition {
  std::string type;
  std::string message;

  auto operator<=>(const Condition&) const = default;
};

// What keeps the Application from being looked at: destination, project, sources. Empty: admitted.
std::vector<Condition> admit(const Application& application, const Project* project,
                             const Clusters& clusters);

// What keeps sources from being used, the spec's or those that an operation brings along.
std::vector<Condition> admit_sources(const std::vector<Source>& sources, const Project& project);

// Lower case, without ".git", "ssh://git@host/path" for "git@host:path": equal for equal repositories.
std::string normalize_repository(std::string_view url);

}  // namespace holdfast::sync
