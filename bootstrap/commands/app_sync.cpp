// SPDX-License-Identifier: Apache-2.0
// app sync, app rollback, app terminate-op: operations written into Applications, with the guards that
// upstream's API server has and its controller has not.
// Mirrors argoproj/argo-cd 3.6 server/application/application.go: Sync, Rollback, TerminateOperation; and
// cmd/argocd/commands/app.go: NewApplicationSyncCommand.
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "commands/app_diff.h"
#include "commands/app_list.h"
#include "commands/app_settings.h"
#include "sync/judge.h"
#include "sync/names.h"
#include "sync/operation.h"
#include "value/json.h"

namespace holdfast::bootstrap {
namespace {

Error refused(const sync::Application& application, std::string what) {
  return Error(Code::operation, std::move(what)).at(fmt::format("application {}/{}", application.namespace_, application.name));
}

Value strings(const std::vector<std::string>& texts) {
  Array array;
  for (const auto& each : texts) array.emplace_back(each);
  return array;
}

Value selector(const sync::Key& key) {
  Object each{{"group", key.group}, {"kind", key.kind}, {"name", key.name}};
  if (!key.namespace_.empty()) each.set("namespace", key.namespace_);
  return each;
}

Result<Array> selected(const sync::Application& application, const std::vector<std::string>& patterns) {
  Array chosen;
  for (const auto& row : rows_of(application.status(), {"resources"})) {
    const bool wanted = TRY(names_resource(patterns, row));
    if (wanted) chosen.push_back(selector(key_of_row(row)));
  }
  if (chosen.empty()) return failure(refused(application, fmt::format("no resource is named \"{}\"", printable(patterns.front()))));
  return chosen;
}

// What is rendered here for an operation: to pick objects by their labels, or to send them along.
class Rendering {
 public:
  Rendering(AppAccess& access, const sync::Application& application, RenderFrom from) : access_(access), application_(application), from_(std::move(from)) {}

  Result<Array> labelled(const std::vector<std::string>& labels) {
    Array chosen;
    TRY(render());
    for (const auto& target : targets_->objects) {
      const bool wanted = std::ranges::any_of(labels, [&](const std::string& label) { return has_label(*target.object, label); });
      if (wanted) chosen.push_back(selector(target.key));
    }
    if (chosen.empty()) return failure(refused(application_, fmt::format("no object has the label {}", printable(labels.front()))));
    return chosen;
  }

  Result<std::string> difference() {
    TRY(render());
    return difference_to(access_, application_, settings_, *targets_);
  }

  Result<Array> manifests() {
    Array texts;
    TRY(render());
    for (const auto* list : {&targets_->objects, &targets_->hooks}) {
      for (const auto& target : *list) texts.emplace_back(json::write(*target.object));
    }
    if (texts.empty()) return failure(refused(application_, fmt::format("\"{}\" gives no objects", printable(from_.local.folder))));
    return texts;
  }

 private:
  static bool has_label(const Value& object, std::string_view label) {
    const auto equals = label.find('=');
    const Value* value = object.find_path({"metadata", "labels", label.substr(0, equals)});
    return value != nullptr && value->as_string() != nullptr && *value->as_string() == label.substr(equals + 1);
  }

  Result<> render() {
    if (targets_) return {};
    settings_ = read_settings(access_.client(), application_.control_namespace);
    targets_ = TRY(render_targets(access_, application_, settings_, from_));
    return {};
  }

  AppAccess& access_;
  const sync::Application& application_;
  const RenderFrom from_;
  sync::Settings settings_;
  std::optional<sync::Targets> targets_;
};

// What people bring themselves, and not Git: refused where something else would undo it, or must have signed it.
Result<> guard_local(AppAccess& access, const sync::Application& application, const AppSyncOptions& options) {
  if (application.multi_source) return failure(refused(application, "there are several sources, and --local is the folder of one"));
  if (application.automated && !options.dry_run) {
    return failure(refused(application, "auto-sync is on, and would undo it").fix("turn automation off first, or look only: --dry-run"));
  }
  const auto project = access.client().get({"argoproj.io", "v1alpha1", "AppProject", application.control_namespace, application.project});
  if (!project) return {};
  const Value* keys = project->find_path({"spec", "signatureKeys"});
  const bool keyed = keys != nullptr && keys->as_array() != nullptr && !keys->as_array()->empty();
  if (keyed || project->find_path({"spec", "sourceIntegrity"}) != nullptr) {
    return failure(Error(Code::project_denied, fmt::format("project {} asks for signed commits, and a folder has no signature", application.project))
                       .at(fmt::format("application {}", argument_of(application))).fix("commit it, signed"));
  }
  return {};
}

struct Wanted {
  std::string revision;                  // of the only source; "": its own
  std::vector<std::string> revisions;    // of each of several; "": its own. Empty: all their own
};

Result<Wanted> wanted_revisions(const sync::Application& application, const AppSyncOptions& options) {
  if (application.multi_source && !options.revision.empty()) {
    return failure(refused(application, "there are several sources, and --revision names one commit")
                       .fix("say which: --revisions REVISION --source-positions POSITION"));
  }
  const auto named = TRY(source_revisions(application, options.revisions));
  Wanted wanted{.revision = options.revision, .revisions = {}};
  if (named.empty()) return wanted;
  if (!application.multi_source) {
    wanted.revision = named.begin()->second;
    return wanted;
  }
  wanted.revisions.resize(application.sources.size());
  for (const auto& [index, revision] : named) wanted.revisions[index] = revision;
  return wanted;
}

Result<> guard(const sync::Application& application, const AppSyncOptions& options, const Wanted& wanted) {
  if (application.deleted) return failure(refused(application, "the application is being deleted"));
  if (!application.automated || options.dry_run) return {};
  const auto all = application.multi_source ? wanted.revisions : std::vector{wanted.revision};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& own = application.sources[i].target_revision;
    if (all[i].empty() || all[i] == own) continue;
    return failure(refused(application, fmt::format("auto-sync is on, and follows \"{}\"", own))
                       .fix("turn automation off first, or commit what you want"));
  }
  return {};
}

// What the engine would hold back is not begun: it would be in everybody's way until the window is over.
Result<> guard_windows(AppAccess& access, const sync::Application& application, WallTime now) {
  const auto project = access.project_of(application);
  if (!project) return {};  // the engine knows it, and says so
  const auto subject = sync::window_subject(application);
  if (sync::may_sync(project->windows, subject, sync::SyncKind::manual, now)) return {};
  const auto ours = sync::windows_for(project->windows, subject);
  std::vector<std::string_view> texts;
  for (const auto* each : ours) texts.push_back(each->text);
  const auto problem = sync::window_problem(ours);
  return failure(refused(application, "a sync window lets nothing be synced")
                     .because(problem.empty() ? fmt::format("{}", fmt::join(texts, ", ")) : problem)
                     .fix(fmt::format("wait until it is over, or correct syncWindows of project {}", application.project)));
}

std::vector<std::string> sync_options(const sync::Application& application, const AppSyncOptions& options) {
  std::vector<std::string> words = application.options.words();
  const auto add = [&](bool asked, const char* word) {
    if (asked && std::ranges::find(words, word) == words.end()) words.emplace_back(word);
  };
  add(options.replace, "Replace=true");
  add(options.server_side, "ServerSideApply=true");
  add(options.only_changed, "ApplyOutOfSyncOnly=true");
  return words;
}

Result<Value> retry_of(const sync::Application& application, const AppRetry& asked) {
  const bool said = asked.limit || asked.factor || asked.refresh || !asked.duration.empty() || !asked.max_duration.empty();
  Value retry = application.retry ? application.retry_raw : Value();
  if (!said) return retry;
  if (asked.limit) retry["limit"] = *asked.limit;
  if (asked.refresh) retry["refresh"] = true;
  if (asked.factor) retry["backoff"]["factor"] = *asked.factor;
  for (const auto& [member, text] : {std::pair("duration", &asked.duration), std::pair("maxDuration", &asked.max_duration)}) {
    if (text->empty()) continue;
    if (!sync::parse_go_duration(*text)) return failure(Code::usage, "\"{}\" is no duration, as 5s, 2m or 1h are", printable(*text));
    retry["backoff"][member] = *text;
  }
  return retry;
}

Result<Array> infos_of(const std::vector<std::string>& words) {
  Array infos;
  for (const auto& word : words) {
    const auto info = TRY(named_value("--info", word));
    infos.push_back(Object{{"name", info.name}, {"value", info.value}});
  }
  return infos;
}

Result<> pick_objects(Value& sync, const sync::Application& application, const AppSyncOptions& options, Rendering& rendering) {
  Array picked;
  if (!options.resources.empty()) picked = TRY(selected(application, options.resources));
  if (!options.labels.empty()) {
    for (const auto& label : options.labels) {
      if (!label.contains('=')) return failure(Code::usage, "--label is \"{}\", wanted: NAME=VALUE", printable(label));
    }
    const auto labelled = TRY(rendering.labelled(options.labels));
    picked.insert(picked.end(), labelled.begin(), labelled.end());
  }
  if (!picked.empty()) sync["resources"] = std::move(picked);
  return {};
}

// Does anything differ, and is it meant?
Result<bool> look_first(const sync::Application& application, const AppSyncOptions& options, Rendering& rendering, Console& console) {
  auto text = TRY(rendering.difference());
  if (text.empty()) {
    console.line(fmt::format("application {}: nothing differs", argument_of(application)));
    return false;
  }
  text.pop_back();
  console.line(text);
  if (options.assume_yes) return true;
  const Confirmation how{.otherwise = "--assumeYes", .unattended = Unattended::refuses};
  TRY(confirm(console, fmt::format("Sync {}?", argument_of(application)), how));
  return true;
}

Result<Value> make_operation(AppAccess& access, const sync::Application& application, const AppSyncOptions& options, Rendering& rendering,
                             const Wanted& wanted) {
  Value operation;
  operation["initiatedBy"]["username"] = "holdfast";
  Value& sync = operation["sync"];
  sync = Object{};
  if (!wanted.revision.empty()) sync["revision"] = wanted.revision;
  if (!wanted.revisions.empty()) sync["revisions"] = strings(wanted.revisions);
  if (options.prune) sync["prune"] = true;
  if (options.dry_run) sync["dryRun"] = true;
  const std::string strategy = options.strategy.empty() && options.force ? "hook" : options.strategy;
  if (!strategy.empty()) {
    sync["syncStrategy"][strategy] = Object{};
    if (options.force) sync["syncStrategy"][strategy]["force"] = true;
  }
  TRY(pick_objects(sync, application, options, rendering));
  if (!options.local.folder.empty()) {
    TRY(guard_local(access, application, options));
    sync["manifests"] = TRY(rendering.manifests());
  }
  if (const auto words = sync_options(application, options); !words.empty()) sync["syncOptions"] = strings(words);
  if (auto retry = TRY(retry_of(application, options.retry)); !retry.is_null()) operation["retry"] = std::move(retry);
  if (auto infos = TRY(infos_of(options.infos)); !infos.empty()) operation["info"] = std::move(infos);
  return operation;
}

// Nothing where nothing differs, if that was asked.
Result<std::optional<Value>> prepare(AppAccess& access, const sync::Application& application, const AppSyncOptions& options, Console& console) {
  const auto wanted = TRY(wanted_revisions(application, options));
  TRY(guard(application, options, wanted));
  TRY(guard_windows(access, application, console.clock().wall()));
  const RenderFrom from{.revision = application.multi_source ? std::string() : wanted.revision, .revisions = options.revisions, .local = options.local};
  Rendering rendering(access, application, from);
  auto operation = TRY(make_operation(access, application, options, rendering, wanted));
  if (!options.preview) return std::optional(std::move(operation));
  const bool meant = TRY(look_first(application, options, rendering, console));
  return meant ? std::optional(std::move(operation)) : std::nullopt;
}

Result<std::vector<sync::Application>> chosen(AppAccess& access, const AppSyncOptions& options) {
  const bool of_projects = options.names.empty() && !options.projects.empty();
  auto found = of_projects ? access.all(options.selector) : access.chosen(options.names, options.selector);
  auto applications = TRY(std::move(found));
  if (of_projects) {
    std::erase_if(applications, [&](const auto& each) { return std::ranges::find(options.projects, each.project) == options.projects.end(); });
  }
  if (applications.empty()) return failure(Error(Code::object_missing, "no application fits").fix("see what there is: holdfast app list"));
  return applications;
}

// As every client does: refused while another one runs, the last one's state makes room. What the engine wrote since the
// Application was read is no reason to stop: rendering, and a person who is asked, take their time.
Result<sync::Application> start(AppAccess& access, const sync::Application& application, const Value& operation) {
  return access.write(application, [&](const sync::Application& now) -> Result<Value> {
    if (now.operation() != nullptr) {
      return failure(refused(now, "another operation is in progress").fix(
          fmt::format("wait for it: holdfast app wait {} --operation", argument_of(now))));
    }
    if (now.deleted) return failure(refused(now, "the application is being deleted"));
    // What was looked at is not what would be synced.
    if (now.spec() != application.spec()) return failure(refused(now, "somebody changed what the application says meanwhile").fix("look again, and repeat it"));
    Value patch;
    patch["operation"] = operation;
    if (now.status().find("operationState") != nullptr) patch["status"]["operationState"] = nullptr;
    return patch;
  });
}

// How the end of an operation is waited for and told.
struct Following {
  std::chrono::seconds timeout;
  AppFormat format;
};

Result<> tell_end(AppAccess& access, Console& console, const sync::Application& ended, AppFormat format) {
  const Value& status = ended.status();
  if (console.is_json() && format == AppFormat::wide) {
    console.data(Object{{"application", ended.name}, {"operationState", *status.find("operationState")}});
    return {};
  }
  if (format != AppFormat::wide && !is_tree(format)) return show_application(access, ended, format, {}, console);
  console.line(operation_lines(status));
  if (is_tree(format)) {
    console.line();
    return show_application(access, ended, format, {}, console);
  }
  if (const auto resources = resource_table(status); !resources.empty()) console.line("\n" + resources);
  return {};
}

Result<sync::Application> follow(AppAccess& access, Console& console, const sync::Application& started, const Following& how) {
  std::optional<sync::Application> now;
  const auto question = [&]() -> Result<std::string> {
    now = TRY(access.find(started.namespace_ + "/" + started.name));
    if (now->operation() == nullptr && now->status().find("operationState") != nullptr) return std::string();
    const auto message = now->status().text({"operationState", "message"});
    return message.empty() ? std::string("the operation to begin") : printable(message);
  };
  TRY(ask_until_done(console.clock(), how.timeout, question));
  TRY(tell_end(access, console, *now, how.format));
  const Value* state = now->status().find("operationState");
  if (state->text({"phase"}) == "Succeeded") return *std::move(now);
  return failure(refused(*now, fmt::format("the operation ended as {}", state->text({"phase"})))
                     .because(printable(state->text({"message"}), 2000))
                     .fix(fmt::format("see why: holdfast app explain {}", now->name)));
}

// As upstream's command: a sync of everything after which Git's state is not the cluster's, for want of --prune, is told
// as a failure. An object that is never pruned (Prune=false) counts as well, unless the sync was to prune: only then the
// engine calls it so.
Result<> require_pruned(AppAccess& access, const sync::Application& ended) {
  std::vector<std::string> left, kept;
  for (const auto& row : rows_of(ended.status(), {"operationState", "syncResult", "resources"})) {
    const auto message = row.text({"message"});
    if (row.text({"status"}) != "PruneSkipped" || message.contains("no prune")) continue;
    if (message.starts_with("kept: ")) {
      kept.push_back(fmt::format("{}: {}", resource_name(row), message));
    } else {
      left.push_back(resource_name(row));
    }
  }
  if (left.empty() && kept.empty()) return {};
  const auto now = TRY(access.refresh(ended, AppRefresh::normal));
  if (now.status().text({"sync", "status"}) == "Synced") return {};
  if (left.empty()) {
    return failure(refused(now, fmt::format("{} resource{} kept", kept.size(), kept.size() == 1 ? " was" : "s were"))
                       .because(printable(fmt::format("{}", fmt::join(kept, ", ")), 2000))
                       .fix("let one application have them, or take away what would go with them first"));
  }
  return failure(refused(now, fmt::format("{} resource{} pruning", left.size(), left.size() == 1 ? " requires" : "s require"))
                     .because(printable(fmt::format("{}", fmt::join(left, ", ")), 2000))
                     .fix(fmt::format("look at them: holdfast app diff {0}; remove them: holdfast app sync {0} --prune", argument_of(now))));
}

const Value* history_entry(const sync::Application& application, const std::optional<std::int64_t>& id) {
  const Array& entries = rows_of(application.status(), {"history"});
  if (!id) return entries.size() < 2 ? nullptr : &entries[entries.size() - 2];
  const auto found = std::ranges::find_if(entries, [&](const Value& each) { return sync::int_of(each.find("id"), -1) == *id; });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace

Result<> run_app_sync(const AppSyncOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto applications = TRY(chosen(access, options));
  // All of them or none: what is asked for is looked at before anything is begun.
  std::vector<std::pair<const sync::Application*, Value>> operations;
  for (const auto& application : applications) {
    auto operation = TRY(prepare(access, application, options, console));
    if (operation) operations.emplace_back(&application, *std::move(operation));
  }
  std::vector<sync::Application> started;
  for (const auto& [application, operation] : operations) {
    auto written = TRY(start(access, *application, operation));
    started.push_back(std::move(written));
    console.begin_changes("what was begun goes on in the cluster");
  }
  if (options.async) {
    for (const auto& each : started) console.line(fmt::format("application {} is asked to sync", each.name));
    return {};
  }
  const bool of_everything = options.resources.empty() && options.labels.empty();
  for (const auto& each : started) {
    const auto ended = TRY(follow(access, console, each, {options.timeout, options.format}));
    if (of_everything && !options.dry_run) TRY(require_pruned(access, ended));
  }
  return {};
}

Result<> run_app_rollback(const AppRollbackOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  if (application.deleted) return failure(refused(application, "the application is being deleted"));
  if (application.automated) {
    return failure(refused(application, "auto-sync is on, and would undo it").fix("revert the commit in Git, or turn automation off first"));
  }
  TRY(guard_windows(access, application, console.clock().wall()));
  const Value* entry = history_entry(application, options.id);
  if (entry == nullptr) {
    const std::string what = options.id ? fmt::format("the history has no entry {}", *options.id) : "the history has no earlier entry";
    return failure(refused(application, what).fix(fmt::format("see it: holdfast app history {}", argument_of(application))));
  }
  Value operation;
  operation["initiatedBy"]["username"] = "holdfast";
  Value& sync = operation["sync"];
  for (const std::string_view name : {"source", "sources", "revision", "revisions"}) {
    if (const Value* value = entry->find(name)) sync[name] = *value;
  }
  if (options.prune) sync["prune"] = true;
  if (!application.options.empty()) sync["syncOptions"] = strings(application.options.words());
  sync["syncStrategy"]["apply"] = Object{};  // a rollback runs no hooks
  const auto started = TRY(start(access, application, operation));
  console.begin_changes("what was begun goes on in the cluster");
  TRY(follow(access, console, started, {options.timeout, options.format}));
  return {};
}

Result<> run_app_terminate(const AppTerminateOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  const auto patch = [](const sync::Application& now) -> Result<Value> {
    if (now.operation() == nullptr || now.status().find("operationState") == nullptr) {
      return failure(refused(now, "no operation is in progress"));
    }
    Value terminating;
    terminating["status"]["operationState"]["phase"] = "Terminating";
    return terminating;
  };
  TRY(access.write(application, patch));
  console.line(fmt::format("the operation of application {} is being terminated", argument_of(application)));
  return {};
}

}  // namespace holdfast::bootstrap
