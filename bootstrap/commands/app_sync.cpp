// SPDX-License-Identifier: Apache-2.0
// app sync, app rollback, app terminate-op: operations written into Applications, with the guards that
// upstream's API server has and its controller has not.
// Mirrors argoproj/argo-cd 3.6 server/application/application.go: Sync, Rollback, TerminateOperation.
#include <algorithm>

#include "base/text.h"
#include "commands/app_access.h"
#include "sync/judge.h"
#include "sync/names.h"
#include "sync/operation.h"

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

Result<Value> selected(const sync::Application& application, const std::vector<std::string>& patterns) {
  Array chosen;
  const Value* rows = application.status().find("resources");
  if (rows != nullptr && rows->as_array() != nullptr) {
    for (const auto& row : *rows->as_array()) {
      bool wanted = false;
      for (const auto& pattern : patterns) {
        const bool named = TRY(names_resource(pattern, row));
        wanted = wanted || named;
      }
      if (!wanted) continue;
      Object each{{"group", row.text({"group"})}, {"kind", row.text({"kind"})}, {"name", row.text({"name"})}};
      if (const auto place = row.text({"namespace"}); !place.empty()) each.set("namespace", place);
      chosen.emplace_back(std::move(each));
    }
  }
  if (chosen.empty()) return failure(refused(application, fmt::format("no resource is named \"{}\"", printable(patterns.front()))));
  return Value(std::move(chosen));
}

Result<> guard(const sync::Application& application, const AppSyncOptions& options) {
  if (application.deleted) return failure(refused(application, "the application is being deleted"));
  const bool other = !options.revision.empty() && options.revision != application.sources.front().target_revision;
  if (other && application.automated && !options.dry_run) {
    return failure(refused(application, fmt::format("auto-sync is on, and follows \"{}\"", application.sources.front().target_revision))
                       .fix("turn automation off first, or commit what you want"));
  }
  if (other && application.multi_source) {
    return failure(refused(application, "there are several sources, and --revision names one commit"));
  }
  return {};
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

Result<Value> make_operation(const sync::Application& application, const AppSyncOptions& options) {
  Value operation;
  operation["initiatedBy"]["username"] = "holdfast";
  Value& sync = operation["sync"];
  sync = Object{};
  if (!options.revision.empty()) sync["revision"] = options.revision;
  if (options.prune) sync["prune"] = true;
  if (options.dry_run) sync["dryRun"] = true;
  const std::string strategy = options.strategy.empty() && options.force ? "hook" : options.strategy;
  if (!strategy.empty()) {
    sync["syncStrategy"][strategy] = Object{};
    if (options.force) sync["syncStrategy"][strategy]["force"] = true;
  }
  if (!options.resources.empty()) sync["resources"] = TRY(selected(application, options.resources));
  if (const auto words = sync_options(application, options); !words.empty()) sync["syncOptions"] = strings(words);
  if (options.retry_limit) {
    operation["retry"]["limit"] = *options.retry_limit;
  } else if (application.retry) {
    operation["retry"] = application.retry_raw;
  }
  return operation;
}

// As every client does: refused while another one runs, the last one's state makes room.
Result<sync::Application> start(AppAccess& access, const sync::Application& application, Value operation) {
  if (application.operation() != nullptr) {
    return failure(refused(application, "another operation is in progress").fix(
        fmt::format("wait for it: holdfast app wait {} --operation", argument_of(application))));
  }
  Value patch;
  patch["operation"] = std::move(operation);
  if (application.status().find("operationState") != nullptr) patch["status"]["operationState"] = nullptr;
  return access.write(application, std::move(patch));
}

Result<> follow(AppAccess& access, Console& console, const sync::Application& started, std::chrono::seconds timeout) {
  std::optional<sync::Application> now;
  const auto question = [&]() -> Result<std::string> {
    now = TRY(access.find(started.namespace_ + "/" + started.name));
    if (now->operation() == nullptr && now->status().find("operationState") != nullptr) return std::string();
    const auto message = now->status().text({"operationState", "message"});
    return message.empty() ? std::string("the operation to begin") : printable(message);
  };
  TRY(ask_until_done(console.clock(), timeout, question));
  const Value& status = now->status();
  console.line(operation_lines(status));
  if (const auto resources = resource_table(status); !resources.empty()) console.line("\n" + resources);
  const Value* state = status.find("operationState");
  console.data(Object{{"application", now->name}, {"operationState", *state}});
  if (state->text({"phase"}) == "Succeeded") return {};
  return failure(refused(*now, fmt::format("the operation ended as {}", state->text({"phase"})))
                     .because(printable(state->text({"message"}), 2000))
                     .fix(fmt::format("see why: holdfast app explain {}", now->name)));
}

const Value* history_entry(const sync::Application& application, const std::optional<std::int64_t>& id) {
  const Value* history = application.status().find("history");
  if (history == nullptr || history->as_array() == nullptr) return nullptr;
  const Array& entries = *history->as_array();
  if (!id) return entries.size() < 2 ? nullptr : &entries[entries.size() - 2];
  const auto found = std::ranges::find_if(entries, [&](const Value& each) { return sync::int_of(each.find("id"), -1) == *id; });
  return found == entries.end() ? nullptr : &*found;
}

}  // namespace

Result<> run_app_sync(const AppSyncOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto applications = TRY(access.chosen(options.names, options.selector));
  std::vector<sync::Application> started;
  for (const auto& application : applications) {
    TRY(guard(application, options));
    auto operation = TRY(make_operation(application, options));
    auto written = TRY(start(access, application, std::move(operation)));
    started.push_back(std::move(written));
    console.begin_changes("what was begun goes on in the cluster");
  }
  if (options.async) {
    for (const auto& each : started) console.line(fmt::format("application {} is asked to sync", each.name));
    return {};
  }
  for (const auto& each : started) TRY(follow(access, console, each, options.timeout));
  return {};
}

Result<> run_app_rollback(const AppRollbackOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  if (application.deleted) return failure(refused(application, "the application is being deleted"));
  if (application.automated) {
    return failure(refused(application, "auto-sync is on, and would undo it").fix("revert the commit in Git, or turn automation off first"));
  }
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
  const auto started = TRY(start(access, application, std::move(operation)));
  console.begin_changes("what was begun goes on in the cluster");
  return follow(access, console, started, options.timeout);
}

Result<> run_app_terminate(const AppTerminateOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  if (application.operation() == nullptr || application.status().find("operationState") == nullptr) {
    return failure(refused(application, "no operation is in progress"));
  }
  Value patch;
  patch["status"]["operationState"]["phase"] = "Terminating";
  TRY(access.write(application, std::move(patch)));
  console.line(fmt::format("the operation of application {} is being terminated", argument_of(application)));
  return {};
}

}  // namespace holdfast::bootstrap
