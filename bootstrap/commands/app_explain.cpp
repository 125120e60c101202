// SPDX-License-Identifier: Apache-2.0
#include "commands/app_explain.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/text.h"
#include "sync/key.h"
#include "commands/app_access.h"
#include "sync/names.h"
#include "sync/wording.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::size_t objects_max = 50;  // that are read from the cluster to say who changed them

bool is_ours(std::string_view manager) { return manager.starts_with("argocd-"); }

const Value* find_live(const std::vector<Value>& live, const Value& row) {
  const auto found = std::ranges::find_if(live, [&](const Value& each) {
    return each.text({"kind"}) == row.text({"kind"}) && each.text({"metadata", "name"}) == row.text({"name"}) &&
           each.text({"metadata", "namespace"}) == row.text({"namespace"}) &&
           sync::split_api_version(each.text({"apiVersion"})).group == row.text({"group"});
  });
  return found == live.end() ? nullptr : &*found;
}

std::string condition_fix(std::string_view type, const std::string& name) {
  if (type == "InvalidSpecError") return "correct the Application's spec, or its project";
  if (type == "ComparisonError") return fmt::format("correct the source in Git; then: holdfast app get {} --refresh", name);
  if (type == "SyncError") return fmt::format("correct it in Git, or try again: holdfast app sync {}", name);
  if (type == "SharedResourceWarning") return "keep the object in one Application";
  if (type == "RepeatedResourceWarning") return "keep one of the manifests";
  return {};
}

std::string confirmation_fix(const sync::Application& application) {
  return fmt::format("let them go: holdfast app confirm-deletion {}", argument_of(application));
}

// Which objects hold up the deletion until a person says yes.
void explain_deletion(const sync::Application& application, std::vector<Finding>& findings) {
  findings.push_back({"the application is being deleted", fmt::format("it waits for {}", fmt::join(application.finalizers, ", ")), ""});
  if (application.approved(*application.deleted)) return;
  std::vector<std::string> asking;
  for (const auto& row : rows_of(application.status(), {"resources"})) {
    if (row.find("requiresDeletionConfirmation") != nullptr) asking.push_back(resource_name(row));
  }
  if (asking.empty()) return;
  findings.push_back({"the deletion waits for a person", fmt::format("{}: deleted only when confirmed", fmt::join(asking, ", ")), confirmation_fix(application)});
}

void explain_operation(const sync::Application& application, std::vector<Finding>& findings) {
  const Value* state = application.status().find("operationState");
  if (application.operation() == nullptr && state == nullptr) return;
  const std::string phase(state == nullptr ? "" : state->text({"phase"}));
  const std::string message = state == nullptr ? std::string() : printable(state->text({"message"}), 2000);
  if (application.operation() != nullptr && message.starts_with(fmt::format("waiting for {}", sync::wording::pruning_confirmation))) {
    findings.push_back({"an operation waits for a person", message, confirmation_fix(application)});
  } else if (application.operation() != nullptr) {
    findings.push_back({"an operation is in progress", message,
                        phase == "Running" ? fmt::format("end it with: holdfast app terminate-op {}", argument_of(application)) : ""});
  } else if (phase == "Failed" || phase == "Error") {
    findings.push_back({fmt::format("the last operation ended as {}", phase), message, ""});
    for (const auto& each : rows_of(application.status(), {"operationState", "syncResult", "resources"})) {
      if (each.text({"status"}) != "SyncFailed") continue;
      findings.push_back({fmt::format("{} was refused", resource_name(each)), printable(each.text({"message"}), 2000), ""});
    }
  }
}

void explain_row(const sync::Application& application, const Value& row, const Value* live, std::vector<Finding>& findings) {
  const auto status = row.text({"status"}), health = row.text({"health", "status"});
  const bool pruning = row.find("requiresPruning") != nullptr;
  if (status == "OutOfSync" && health == "Missing") {
    findings.push_back({fmt::format("{} is in Git and not in the cluster", resource_name(row)), "", ""});
  } else if (status == "OutOfSync" && pruning) {
    const bool prunes = application.automated && application.automated->prune;
    findings.push_back({fmt::format("{} is in the cluster and not in Git any more", resource_name(row)),
                        prunes ? "" : "nothing is removed without being asked",
                        prunes ? "" : fmt::format("remove it: holdfast app sync {} --prune", argument_of(application))});
  } else if (status == "OutOfSync") {
    const auto writer = live == nullptr ? std::string() : last_other_writer(*live);
    findings.push_back({fmt::format("{} differs from Git", resource_name(row)),
                        writer.empty() ? "" : fmt::format("changed by {}", writer),
                        fmt::format("see how: holdfast app diff {}", argument_of(application))});
  } else if (status == "Unknown") {
    findings.push_back({fmt::format("{} could not be compared", resource_name(row)), "", ""});
  }
  if (health == "Degraded" || health == "Progressing" || health == "Unknown" || health == "Suspended") {
    findings.push_back({fmt::format("{} is {}", resource_name(row), health), printable(row.text({"health", "message"}), 1000),
                        row.text({"kind"}) == "Application" ? fmt::format("holdfast app explain {}", argument_of(row.text({"namespace"}), row.text({"name"}))) : ""});
  }
}

// What the engine does not do by itself meanwhile, and whether a person may.
void explain_windows(const sync::Application& application, const Surroundings& around, std::vector<Finding>& findings) {
  const auto subject = sync::window_subject(application);
  if (sync::may_sync(around.windows, subject, sync::SyncKind::automated, around.now)) return;
  const auto ours = sync::windows_for(around.windows, subject);
  std::vector<std::string> texts;
  for (const auto* each : ours) texts.push_back(each->zone.empty() ? each->text : fmt::format("{} ({})", each->text, printable(each->zone)));
  const auto problem = sync::window_problem(ours);
  const auto because = problem.empty() ? fmt::format("{}", fmt::join(texts, ", ")) : problem;
  const bool by_hand = sync::may_sync(around.windows, subject, sync::SyncKind::manual, around.now);
  findings.push_back({by_hand ? "a sync window lets nothing be synced but by hand" : "a sync window lets nothing be synced", because,
                      by_hand ? fmt::format("holdfast app sync {}", argument_of(application)) : fmt::format("wait, or correct syncWindows of project {}", application.project)});
}

}  // namespace

std::string last_other_writer(const Value& live) {
  std::string when, who, applied;
  for (const auto& entry : rows_of(live, {"metadata", "managedFields"})) {
    const std::string time(entry.text({"time"}));
    if (is_ours(entry.text({"manager"}))) applied = std::max(applied, time);
  }
  for (const auto& entry : rows_of(live, {"metadata", "managedFields"})) {
    if (is_ours(entry.text({"manager"})) || !entry.text({"subresource"}).empty()) continue;
    const std::string time(entry.text({"time"}));
    if (time < applied || time < when) continue;
    when = time;
    who = printable(entry.text({"manager"}));
  }
  return who.empty() ? std::string() : fmt::format("{} at {}", who, when);
}

std::vector<Finding> explain_application(const sync::Application& application, const Surroundings& around) {
  std::vector<Finding> findings;
  const Value& status = application.status();
  if (application.annotation(sync::names::skip_reconcile) == "true") {
    findings.push_back({"the engine leaves the application alone", "annotation argocd.argoproj.io/skip-reconcile is \"true\"", "remove the annotation"});
  }
  if (status.find("sync") == nullptr) findings.push_back({"the application was not compared yet", "the engine has not seen it", "is holdfast-agent running?"});
  if (application.deleted) explain_deletion(application, findings);
  for (const auto& each : rows_of(status, {"conditions"})) {
    findings.push_back({std::string(each.text({"type"})), printable(each.text({"message"}), 2000),
                        condition_fix(each.text({"type"}), argument_of(application))});
  }
  explain_operation(application, findings);
  for (const auto& row : rows_of(status, {"resources"})) explain_row(application, row, find_live(around.live, row), findings);
  const bool waits = status.text({"sync", "status"}) == "OutOfSync" && !application.automated && application.operation() == nullptr;
  if (status.text({"sync", "status"}) == "OutOfSync") explain_windows(application, around, findings);
  if (waits) findings.push_back({"nothing is applied by itself", "the application has no automated sync policy", fmt::format("holdfast app sync {}", argument_of(application))});
  return findings;
}

Result<> run_app_explain(const AppExplainOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  Surroundings around{.live = {}, .windows = {}, .now = console.clock().wall()};
  auto& live = around.live;
  if (auto project = access.project_of(application)) around.windows = std::move(project->windows);
  for (const auto& row : rows_of(application.status(), {"resources"})) {
    if (row.text({"status"}) != "OutOfSync" || row.text({"health", "status"}) == "Missing" || live.size() == objects_max) continue;
    auto object = access.client().get(identity_of_row(row));
    if (object) live.push_back(*std::move(object));
  }
  const auto findings = explain_application(application, around);
  const Value& status = application.status();
  console.line(fmt::format("{}: {}, {}", argument_of(application), status.text({"sync", "status"}).empty() ? "Unknown" : status.text({"sync", "status"}),
                           status.text({"health", "status"}).empty() ? "Unknown" : status.text({"health", "status"})));
  if (findings.empty()) console.line("everything is as Git says");
  Array rows;
  for (const auto& each : findings) {
    console.line(fmt::format("- {}", each.what));
    if (!each.because.empty()) console.line(fmt::format("    because: {}", each.because));
    if (!each.fix.empty()) console.line(fmt::format("    fix:     {}", each.fix));
    rows.emplace_back(Object{{"because", each.because}, {"fix", each.fix}, {"what", each.what}});
  }
  console.data(Object{{"application", argument_of(application)}, {"findings", std::move(rows)}});
  return {};
}

}  // namespace holdfast::bootstrap
