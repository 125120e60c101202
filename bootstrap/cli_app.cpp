// SPDX-License-Identifier: Apache-2.0
#include "cli_app.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli_app_edit.h"

namespace holdfast::bootstrap {
namespace {

template <class Enum>
void add_format(CLI::App& command, Enum& format, std::map<std::string, Enum> words, std::string_view usual = "wide") {
  std::vector<std::string> names;
  for (const auto& [name, value] : words) names.push_back(name);
  // Without this text CLI11 shows the numbers of the enumeration.
  command.add_option("-o,--output", format, fmt::format("how it is printed; {} by default", usual))
      ->transform(CLI::CheckedTransformer(std::move(words)))
      ->option_text(fmt::format("{{{}}}", fmt::join(names, ",")));
}

// Of an Application that is shown.
void add_shown_format(CLI::App& command, AppFormat& format) {
  add_format<AppFormat>(command, format, {{"wide", AppFormat::wide}, {"name", AppFormat::name}, {"json", AppFormat::json}, {"yaml", AppFormat::yaml}, {"tree", AppFormat::tree}, {"tree=detailed", AppFormat::tree_detailed}});
}

// Of what is told at the end.
void add_end_format(CLI::App& command, AppFormat& format) {
  add_format<AppFormat>(command, format, {{"wide", AppFormat::wide}, {"json", AppFormat::json}, {"yaml", AppFormat::yaml}, {"tree", AppFormat::tree}, {"tree=detailed", AppFormat::tree_detailed}});
}

void add_refresh(CLI::App& command, AppRefresh& refresh) {
  command.add_flag_callback("--refresh", [&refresh] { refresh = AppRefresh::normal; }, "compare again first");
  command.add_flag_callback("--hard-refresh", [&refresh] { refresh = AppRefresh::hard; }, "render again and compare again first");
}

template <class Rep, class Period>
void add_timeout(CLI::App& command, std::chrono::duration<Rep, Period>& timeout) {
  command.add_option_function<int>("--timeout", [&timeout](int seconds) { timeout = std::chrono::seconds(seconds); }, "seconds; 0: no limit");
}

void add_revisions(CLI::App& command, AppRevisions& asked) {
  command.add_option("--revisions", asked.revisions, "one for each source that is named")->allow_extra_args(false);
  command.add_option("--source-positions", asked.positions, "of sources, from 1")->allow_extra_args(false)->delimiter(',');
  command.add_option("--source-names", asked.names, "or their names")->allow_extra_args(false)->delimiter(',');
}

void add_local(CLI::App& command, AppLocal& local) {
  command.add_option("--local", local.folder, "a folder in place of Git: the source's, or the repository's root");
  command.add_option("--local-repo-root", local.root, "the repository's root, of a source's folder");
}

// argocd's, which scripts say; all of them have a value, and none means anything here.
void add_meaningless(CLI::App& command, std::initializer_list<const char*> flags) {
  for (const char* flag : flags) command.add_option_function<std::string>(flag, [](const std::string&) {}, "argocd's; changes nothing here");
}

void add_list(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppListOptions>();
  auto* command = group.add_subcommand("list", "List applications");
  add_format<AppFormat>(*command, options->format, {{"wide", AppFormat::wide}, {"name", AppFormat::name}, {"json", AppFormat::json}, {"yaml", AppFormat::yaml}});
  command->add_option("-l,--selector", options->selector, "labels");
  command->add_option("-p,--project", options->projects, "of this project; may be repeated")->allow_extra_args(false);
  command->add_option("-r,--repo", options->repository, "from this repository");
  command->add_option("-P,--path", options->path, "from this path");
  command->add_option("-c,--cluster", options->on_cluster, "on the cluster with this URL or name");
  bind_to(*command, chosen, options, &run_app_list);
}

void add_get(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppGetOptions>();
  auto* command = group.add_subcommand("get", "Show an application and its resources");
  command->add_option("name", options->name, "the application")->required();
  add_shown_format(*command, options->format);
  add_refresh(*command, options->refresh);
  command->add_option_function<int>("--timeout", [options](int seconds) { options->timeout = std::chrono::seconds(seconds); },
                                    "of a refresh, in seconds; a minute by default");
  command->add_flag("--show-operation", options->operation, "with the last operation");
  command->add_flag("--show-params", options->parameters, "with the chart's parameters that the application says");
  add_source_choice(*command, options->source);
  bind_to(*command, chosen, options, &run_app_get);

  auto tree = std::make_shared<AppGetOptions>();
  tree->format = AppFormat::tree;
  auto* tree_command = group.add_subcommand("tree", "Show an application's resources and what they own");
  tree_command->add_option("name", tree->name, "the application")->required();
  add_refresh(*tree_command, tree->refresh);
  bind_to(*tree_command, chosen, tree, &run_app_get);
}

void add_resources(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppResourcesOptions>();
  auto* command = group.add_subcommand("resources", "List an application's resources");
  command->add_option("name", options->name, "the application")->required();
  add_shown_format(*command, options->format);
  bind_to(*command, chosen, options, &run_app_resources);
}

void add_history(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppHistoryOptions>();
  auto* command = group.add_subcommand("history", "Show what was synced and when");
  command->add_option("name", options->name, "the application")->required();
  add_format<HistoryFormat>(*command, options->format, {{"wide", HistoryFormat::wide}, {"id", HistoryFormat::id}, {"name", HistoryFormat::id}, {"json", HistoryFormat::json}, {"yaml", HistoryFormat::yaml}});
  bind_to(*command, chosen, options, &run_app_history);
}

void add_sync(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppSyncOptions>();
  auto* command = group.add_subcommand("sync", "Make the cluster as Git says");
  command->add_option("names", options->names, "applications");
  command->add_option("-l,--selector", options->selector, "or those with these labels");
  command->add_option("--revision", options->revision, "in place of the application's own");
  command->add_option("--project", options->projects, "or those of this project; may be repeated")->allow_extra_args(false);
  add_revisions(*command, options->revisions);
  add_local(*command, options->local);
  command->add_option("--resource", options->resources, "only GROUP:KIND:NAME; may be repeated")->allow_extra_args(false);
  command->add_option("--label", options->labels, "only objects with NAME=VALUE; may be repeated")->allow_extra_args(false);
  command->add_flag("--preview-changes", options->preview, "show what it changes, and ask first");
  command->add_flag("--assumeYes", options->assume_yes, "do not ask");
  command->add_option("--info", options->infos, "NAME=VALUE, kept with the operation; may be repeated")->allow_extra_args(false);
  command->add_option("--strategy", options->strategy, "apply (without hooks) or hook")->check(CLI::IsMember({"apply", "hook"}));
  command->add_flag("--prune", options->prune, "remove what Git does not have");
  command->add_flag("--dry-run", options->dry_run, "change nothing");
  command->add_flag("--force", options->force, "delete and make again what cannot be changed");
  command->add_flag("--async", options->async, "do not wait for the end");
  command->add_flag("--replace", options->replace, "replace instead of apply");
  command->add_flag("--server-side", options->server_side, "server-side apply");
  command->add_flag("--apply-out-of-sync-only", options->only_changed, "only what differs");
  command->add_option("--retry-limit", options->retry.limit, "attempts after a failure");
  command->add_option("--retry-backoff-duration", options->retry.duration, "before the first of them: 5s, 2m, 1h");
  command->add_option("--retry-backoff-max-duration", options->retry.max_duration, "before any of them");
  command->add_option("--retry-backoff-factor", options->retry.factor, "from one to the next");
  command->add_flag("--retry-refresh", options->retry.refresh, "to the revision that is there by then");
  add_meaningless(*command, {"--ignore-normalizer-jq-execution-timeout"});
  add_end_format(*command, options->format);
  add_timeout(*command, options->timeout);
  bind_to(*command, chosen, options, &run_app_sync);

  auto back = std::make_shared<AppRollbackOptions>();
  auto* rollback = group.add_subcommand("rollback", "Go back to an earlier entry of the history");
  rollback->add_option("name", back->name, "the application")->required();
  rollback->add_option("id", back->id, "the history's entry; the one before the last by default");
  rollback->add_flag("--prune", back->prune, "remove what that entry does not have");
  add_end_format(*rollback, back->format);
  add_timeout(*rollback, back->timeout);
  bind_to(*rollback, chosen, back, &run_app_rollback);

  auto end = std::make_shared<AppTerminateOptions>();
  auto* terminate = group.add_subcommand("terminate-op", "End the running operation");
  terminate->add_option("name", end->name, "the application")->required();
  bind_to(*terminate, chosen, end, &run_app_terminate);
}

void add_delete(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppDeleteOptions>();
  auto* command = group.add_subcommand("delete", "Delete applications, with their objects unless told otherwise");
  command->add_option("names", options->names, "applications");
  command->add_option("-l,--selector", options->selector, "or those with these labels");
  // A value as well, because argocd is told --cascade=false.
  command->add_flag("--cascade,!--no-cascade", options->cascade, "delete their objects; --cascade=false leaves them");
  command->add_option("-p,--propagation-policy", options->propagation, "how objects are deleted")->check(CLI::IsMember({"foreground", "background"}));
  command->add_flag("-y,--yes", options->yes, "do not ask");
  command->add_flag("--wait", options->wait, "until they are gone");
  add_timeout(*command, options->timeout);
  bind_to(*command, chosen, options, &run_app_delete);
}

void add_confirm(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppConfirmOptions>();
  auto* command = group.add_subcommand("confirm-deletion", "Let objects go that wait for a confirmation to be deleted or pruned");
  command->add_option("name", options->name, "the application")->required();
  bind_to(*command, chosen, options, &run_app_confirm);
}

void add_wait(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppWaitOptions>();
  auto* command = group.add_subcommand("wait", "Wait until applications are synced and healthy");
  command->add_option("names", options->names, "applications");
  command->add_option("-l,--selector", options->selector, "or those with these labels");
  command->add_flag("--sync", options->sync, "for Synced");
  command->add_flag("--health", options->health, "for Healthy; ends as an error when an object becomes Degraded meanwhile");
  command->add_flag("--operation", options->operation, "for the end of the operation");
  command->add_flag("--suspended", options->suspended, "for Suspended; or for one of those that are said");
  command->add_flag("--degraded", options->degraded, "for Degraded; or for one of those that are said");
  command->add_flag("--delete", options->deleted, "until they are gone");
  command->add_flag_callback("--hydrated", [] {}, "argocd's; nothing is hydrated here");
  command->add_option("--resource", options->resources, "only GROUP:KIND:NAME; may be repeated")->allow_extra_args(false);
  add_end_format(*command, options->format);
  add_timeout(*command, options->timeout);
  bind_to(*command, chosen, options, &run_app_wait);
}

void add_diff(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppDiffOptions>();
  auto* command = group.add_subcommand("diff", "Show what a sync would change; the exit code is 1 when it would");
  command->add_option("name", options->name, "the application")->required();
  command->add_option("--revision", options->revision, "in place of the application's own");
  add_revisions(*command, options->revisions);
  add_local(*command, options->local);
  command->add_flag("--exit-code,!--no-exit-code", options->exit_code, "tell differences by the exit code");
  command->add_option("--diff-exit-code", options->differing, "the exit code of differences; 1 by default")->check(CLI::Range(0, 255));
  for (const char* always : {"--server-side-diff", "--server-side-generate"}) command->add_flag_callback(always, [] {}, "as it is done anyway");
  add_meaningless(*command, {"--local-include", "--ignore-normalizer-jq-execution-timeout", "--server-side-diff-concurrency", "--server-side-diff-max-batch-kb"});
  add_refresh(*command, options->refresh);
  bind_to(*command, chosen, options, &run_app_diff);
}

void add_manifests(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppManifestsOptions>();
  auto* command = group.add_subcommand("manifests", "Print the objects that Git gives, or what of them is in the cluster");
  command->add_option("name", options->name, "the application")->required();
  command->add_option("--source", options->source, "git or live")
      ->transform(CLI::CheckedTransformer(std::map<std::string, ManifestSource>{{"git", ManifestSource::git}, {"live", ManifestSource::live}}))
      ->option_text("{git,live}");
  add_format<AppFormat>(*command, options->format, {{"yaml", AppFormat::yaml}, {"json", AppFormat::json}, {"name", AppFormat::name}}, "yaml");
  command->add_option("--revision", options->revision, "in place of the application's own");
  add_revisions(*command, options->revisions);
  add_local(*command, options->local);
  bind_to(*command, chosen, options, &run_app_manifests);
}

void add_logs(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppLogsOptions>();
  auto* command = group.add_subcommand("logs", "Show what an application's pods say");
  command->add_option("app", options->name, "the application")->required();
  command->add_option("--group", options->group, "of the resource");
  command->add_option("--kind", options->kind, "of the resource");
  command->add_option("--namespace", options->namespace_, "of the resource");
  command->add_option("--name", options->resource, "of the resource");
  command->add_option("-c,--container", options->container, "one container");
  command->add_option("--filter", options->filter, "only lines with this text; !TEXT: without it");
  command->add_flag("-m,--match-case", options->match_case, "of the filter");
  command->add_option("--until-time", options->until_time, "only lines until then, as 2026-11-23T08:00:00Z");
  command->add_option("--tail", options->tail, "only so many last lines");
  command->add_option("--since-seconds", options->since_seconds, "only lines this new");
  command->add_flag("-f,--follow", options->follow, "go on with what is new");
  command->add_flag("-p,--previous", options->previous, "of the container before its restart");
  bind_to(*command, chosen, options, &run_app_logs);
}

void add_actions(CLI::App& group, Chosen& chosen) {
  auto* actions = group.add_subcommand("actions", "List and run actions of an application's resources");
  actions->require_subcommand(1);
  const auto add = [&](const char* name, const char* purpose) {
    auto options = std::make_shared<AppActionsOptions>();
    auto* command = actions->add_subcommand(name, purpose);
    command->add_option("app", options->name, "the application")->required();
    command->add_option("--group", options->group, "of the resource");
    command->add_option("--kind", options->kind, "of the resource");
    command->add_option("--namespace", options->namespace_, "of the resource");
    command->add_option("--resource-name", options->resource, "of the resource");
    bind_to(*command, chosen, options, &run_app_actions);
    return std::pair(command, options);
  };
  auto [list, listed] = add("list", "List the actions of resources");
  add_format<AppFormat>(*list, listed->format, {{"wide", AppFormat::wide}, {"json", AppFormat::json}, {"yaml", AppFormat::yaml}});
  auto [run, options] = add("run", "Run an action");
  run->add_option("action", options->action, "the action")->required();
  run->add_option("--param", options->parameters, "NAME=VALUE; may be repeated")->allow_extra_args(false);
  run->add_flag("--all", options->all, "on each resource that fits");
}

void add_explain(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppExplainOptions>();
  auto* command = group.add_subcommand("explain", "Say why an application is in its state, and what to do");
  command->add_option("name", options->name, "the application")->required();
  bind_to(*command, chosen, options, &run_app_explain);
}

}  // namespace

void add_cluster(CLI::App& command, AppCluster& cluster) {
  command.add_option("--kubeconfig", cluster.kubeconfig, "the cluster's kubeconfig");
  command.add_option("--context,--kube-context", cluster.context, "a context of the kubeconfig");
  command.add_option("-N,--app-namespace", cluster.namespace_, "where the Applications are; by default the engine's namespace (argocd)");
}

void add_app(CLI::App& app, Chosen& chosen) {
  auto* group = app.add_subcommand("app", "Look at applications, change and sync them");
  group->require_subcommand(1);
  if (!chosen.may_reach("app")) return;
  add_list(*group, chosen);
  add_get(*group, chosen);
  add_resources(*group, chosen);
  add_diff(*group, chosen);
  add_manifests(*group, chosen);
  add_sync(*group, chosen);
  add_delete(*group, chosen);
  add_confirm(*group, chosen);
  add_wait(*group, chosen);
  add_history(*group, chosen);
  add_logs(*group, chosen);
  add_actions(*group, chosen);
  add_explain(*group, chosen);
  add_app_edits(*group, chosen);
}

}  // namespace holdfast::bootstrap
