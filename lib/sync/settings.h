// SPDX-License-Identifier: Apache-2.0
// argocd-cm and argocd-cmd-params-cm: what the whole engine is told, decoded. A key that does not parse is left out and named
// in `problems`, so that one bad script does not stop every Application.
// Mirrors argoproj/argo-cd 3.6 util/settings/settings.go.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "health/actions.h"
#include "sync/application.h"
#include "sync/clusters.h"
#include "sync/global_projects.h"
#include "sync/ignore.h"
#include "sync/project.h"
#include "sync/tracking.h"
#include "value/value.h"

namespace holdfast::sync {

struct KindFilter {
  std::vector<std::string> groups, kinds, clusters;  // globs; empty: all
};

struct HealthScript {
  std::string group_kind;  // "apps_Deployment", "ConfigMap"; wildcards allowed
  std::string lua;
};

struct KindActions {
  health::ActionScripts scripts;
  bool with_builtin = false;  // beside those that Holdfast offers by itself
};

// What a kind that the engine may not list is: trouble, or (normal) none of its kinds. strict: left out only if
// the API server also says that it lacks the right.
enum class RespectRbac { no, normal, strict };

struct Settings {
  Tracking tracking;
  std::vector<KindFilter> exclusions, inclusions;
  std::vector<IgnoreRule> ignore;
  Equalities equal;
  std::vector<IgnoreRule> ignore_updates;     // what may change in a live object without anybody looking
  std::vector<HealthScript> health;
  std::map<std::string, KindActions, std::less<>> actions;  // "apps_Deployment" → its scripts
  Duration resync = std::chrono::seconds(120);  // 0: nobody looks again by himself
  Duration resync_jitter = std::chrono::seconds(60);
  Duration hard_resync{0};   // after which everything is rendered anew; 0: never
  Duration sync_timeout{0};  // after which an operation is ended; 0: never
  RespectRbac respect_rbac = RespectRbac::no;
  std::vector<GlobalProject> global_projects;
  Clusters clusters;  // of their Secrets decode_settings() knows nothing
  std::string kustomize_options;
  std::vector<std::string> kustomize_versions;  // that Applications may ask for
  std::vector<std::string> values_file_schemes = {"https", "http"};  // of Helm's values files by URL
  std::vector<std::string> application_namespaces;  // patterns; beside the engine's own namespace
  std::vector<std::string> problems;

  // When an Application is looked at again though nothing happened; nothing where that is off. `part` of the
  // jitter, from 0 to 1, keeps Applications that began together from coming back together.
  [[nodiscard]] std::optional<Duration> next_look(double part) const;
  // Excluded, or not among the inclusions when there are some.
  [[nodiscard]] bool excludes(std::string_view group, std::string_view kind) const;
};

// `config`: the ConfigMap argocd-cm, `parameters`: argocd-cmd-params-cm; null where there is none.
Settings decode_settings(const Value* config, const Value* parameters = nullptr);

}  // namespace holdfast::sync
