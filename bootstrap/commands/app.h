// SPDX-License-Identifier: Apache-2.0
// `holdfast app …`: Applications over the Kubernetes API, with the rights of whoever runs it and nothing
// else; names, arguments and tables are those of argocd's command of the same name. It does not know how
// the agent works: everything is read from and written to the Application.
// Mirrors argoproj/argo-cd 3.6 cmd/argocd/commands/app.go and the guards of server/application.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "commands/app_settings.h"
#include "console.h"
#include "kube/client.h"
#include "sync/application.h"

namespace holdfast::bootstrap {

struct AppCluster {
  std::string kubeconfig, context;       // empty: the usual places, the current one
  // Where Applications are, unless NAME says "namespace/name"; empty: the engine's namespace, and for those
  // that no NAME picks also the namespaces that it watches (application.namespaces).
  std::string namespace_;
};

// wide is the table; name one line for each; a tree shows also what objects own, and in detail since when.
enum class AppFormat { wide, name, json, yaml, tree, tree_detailed };
inline bool is_tree(AppFormat format) { return format == AppFormat::tree || format == AppFormat::tree_detailed; }

struct AppListOptions {
  AppCluster cluster;
  AppFormat format = AppFormat::wide;
  std::string selector;
  std::vector<std::string> projects;
  std::string repository, path, on_cluster;  // on_cluster: its URL or name
};
Result<> run_app_list(const AppListOptions& options, Console& console);

enum class AppRefresh { none, normal, hard };

struct AppGetOptions {
  AppCluster cluster;
  std::string name;
  AppFormat format = AppFormat::wide;
  AppRefresh refresh = AppRefresh::none;
  bool operation = false;   // with the last operation's own lines
  bool parameters = false;  // with Helm's parameters that the application overrides
  SourceChoice source;      // whose they are, of several sources
  std::chrono::seconds timeout{0};  // of the refresh; 0: a minute
};
Result<> run_app_get(const AppGetOptions& options, Console& console);

struct AppResourcesOptions {
  AppCluster cluster;
  std::string name;
  AppFormat format = AppFormat::wide;
};
Result<> run_app_resources(const AppResourcesOptions& options, Console& console);

enum class HistoryFormat { wide, id, json, yaml };

struct AppHistoryOptions {
  AppCluster cluster;
  std::string name;
  HistoryFormat format = HistoryFormat::wide;
};
Result<> run_app_history(const AppHistoryOptions& options, Console& console);

// A revision for each source that is named by its position, from 1, or by its name.
struct AppRevisions {
  std::vector<std::string> revisions;
  std::vector<std::int64_t> positions;
  std::vector<std::string> names;
};

// A folder in place of Git; empty: Git.
struct AppLocal {
  std::string folder, root;
};

// When a failed operation is tried again, as far as somebody says it.
struct AppRetry {
  std::optional<std::int64_t> limit, factor;
  std::string duration, max_duration;  // "1m30s"
  bool refresh = false;                // to the revision that is there by then
};

struct AppSyncOptions {
  AppCluster cluster;
  std::vector<std::string> names;
  std::string selector;
  std::vector<std::string> projects;   // or those of these
  std::string revision;
  AppRevisions revisions;
  AppLocal local;
  std::vector<std::string> resources;  // GROUP:KIND:[NAMESPACE/]NAME
  std::vector<std::string> labels;     // NAME=VALUE: objects that have one of them
  std::vector<std::string> infos;      // NAME=VALUE, kept with the operation
  std::string strategy;                // "", apply, hook
  bool prune = false, dry_run = false, force = false, async = false;
  bool replace = false, server_side = false, only_changed = false;
  bool preview = false, assume_yes = false;  // preview: what it changes is shown and asked first
  AppRetry retry;
  AppFormat format = AppFormat::wide;  // of what is told at the end
  std::chrono::seconds timeout{0};     // 0: none
};
// Code::operation when the operation does not succeed, or leaves what Git does not have for want of `prune`.
Result<> run_app_sync(const AppSyncOptions& options, Console& console);

struct AppRollbackOptions {
  AppCluster cluster;
  std::string name;
  std::optional<std::int64_t> id;      // nothing: the one before the last
  bool prune = false;
  AppFormat format = AppFormat::wide;  // of what is told at the end
  std::chrono::seconds timeout{0};
};
Result<> run_app_rollback(const AppRollbackOptions& options, Console& console);

struct AppTerminateOptions {
  AppCluster cluster;
  std::string name;
};
Result<> run_app_terminate(const AppTerminateOptions& options, Console& console);

struct AppDeleteOptions {
  AppCluster cluster;
  std::vector<std::string> names;
  std::string selector;
  bool cascade = true;                     // with its objects
  std::string propagation = "foreground";  // or background
  bool wait = false, yes = false;
  std::chrono::seconds timeout{0};
};
// Code::confirmation when a person at a terminal does not confirm it.
Result<> run_app_delete(const AppDeleteOptions& options, Console& console);

struct AppConfirmOptions {
  AppCluster cluster;
  std::string name;
};
// What waits for a person's word (Prune=confirm, Delete=confirm) may go from now on.
Result<> run_app_confirm(const AppConfirmOptions& options, Console& console);

struct AppWaitOptions {
  AppCluster cluster{};
  std::vector<std::string> names{};
  std::string selector{};
  bool sync = false, health = false, operation = false, suspended = false, degraded = false, deleted = false;
  std::vector<std::string> resources{};
  AppFormat format = AppFormat::wide;  // of what is told at the end
  std::chrono::seconds timeout{0};
};
// Code::timed_out names the object that is waited for.
Result<> run_app_wait(const AppWaitOptions& options, Console& console);

struct AppDiffOptions {
  AppCluster cluster;
  std::string name;
  AppRefresh refresh = AppRefresh::none;
  std::string revision;   // in place of what the Application asks for
  AppRevisions revisions;
  AppLocal local;
  bool exit_code = true;
  int differing = 1;      // the exit code when there are differences
};
Result<> run_app_diff(const AppDiffOptions& options, Console& console);

enum class ManifestSource { git, live };

struct AppManifestsOptions {
  AppCluster cluster;
  std::string name;
  ManifestSource source = ManifestSource::git;
  AppFormat format = AppFormat::yaml;
  std::string revision;
  AppRevisions revisions;
  AppLocal local;
};
Result<> run_app_manifests(const AppManifestsOptions& options, Console& console);

struct AppLogsOptions {
  AppCluster cluster;
  std::string name;
  std::string group, kind, namespace_, resource, container;
  std::string filter;      // "!TEXT": lines without it
  std::string until_time;  // RFC 3339
  std::int64_t tail = 0, since_seconds = 0;  // 0: all
  bool follow = false, previous = false, match_case = false;
};
Result<> run_app_logs(const AppLogsOptions& options, Console& console);

// What a person may ask of an Application's objects, by the scripts of argocd-cm and Holdfast's own.
struct AppActionsOptions {
  AppCluster cluster;
  std::string name;
  std::string group, kind, namespace_, resource;  // empty: any
  std::string action;                             // empty: list them
  AppFormat format = AppFormat::wide;             // of the list
  std::vector<std::string> parameters;            // NAME=VALUE
  bool all = false;                               // of several objects, each
};
Result<> run_app_actions(const AppActionsOptions& options, Console& console);

struct AppExplainOptions {
  AppCluster cluster;
  std::string name;
};
Result<> run_app_explain(const AppExplainOptions& options, Console& console);

}  // namespace holdfast::bootstrap
