// SPDX-License-Identifier: Apache-2.0
#include "commands/app_explain.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <set>

#include "base/text.h"
#include "sync/key.h"
#include "commands/app_access.h"
#include "commands/app_causes.h"
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

std::string condition_fix(const sync::Application& application, const Value& condition) {
  const auto type = condition.text({"type"}), message = condition.text({"message"});
  const auto name = argument_of(application);
  if (type == "InvalidSpecError") {
    const auto fix = refusal_fix(message, application);
    return fix.empty() ? fmt::format("correct the Application's spec (holdfast app edit {}), or its project", name) : fix;
  }
  if (type == "ComparisonError") return source_fix(message, application);
  if (type == "SyncError" && message.find(sync::names::deletion_approved) != std::string_view::npos) {
    return fmt::format("see what would go: holdfast app diff {0}; then: holdfast app confirm-deletion {0}", name);
  }
  if (type == "SyncError" && message.find("will wipe out all resources") != std::string_view::npos) {
    return fmt::format("is Git right? To remove everything: holdfast app set {} --allow-empty", name);
  }
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

// Of the last operation: what was refused, which hook failed, and what was left where it is although it was to be pruned.
void explain_result(const sync::Application& application, const Value& result, std::vector<Finding>& findings) {
  const auto message = printable(result.text({"message"}), 2000);
  const auto hook = result.text({"hookType"}), ended = result.text({"hookPhase"});
  if (result.text({"status"}) == "SyncFailed") {
    findings.push_back({fmt::format("{} was refused", resource_name(result)), message, refusal_fix(message, application)});
  } else if (!hook.empty() && (ended == "Failed" || ended == "Error")) {
    findings.push_back({fmt::format("{} hook {} failed", hook, resource_name(result)), message,
                        fmt::format("what it wrote, if it is still there: holdfast app logs {} --kind {} --name {}", argument_of(application),
                                    result.text({"kind"}), result.text({"name"}))});
  }
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
  }
  if (application.operation() == nullptr && phase == "Succeeded") return;
  // Also of one that is tried again later.
  for (const auto& each : rows_of(application.status(), {"operationState", "syncResult", "resources"})) explain_result(application, each, findings);
}

// Why the last operation, which prunes, has left it.
std::string kept_because(const sync::Application& application, const Value& row) {
  for (const auto& each : rows_of(application.status(), {"operationState", "syncResult", "resources"})) {
    const bool kept = each.text({"status"}) == "PruneSkipped" && !each.text({"message"}).ends_with("(requires pruning)");
    if (kept && key_of_row(each) == key_of_row(row)) return printable(each.text({"message"}), 400);
  }
  return {};
}

// Why pods of it do not run: three of them say it all.
void explain_pods(const Value& row, const Surroundings& around, std::vector<Finding>& findings) {
  constexpr std::size_t pods_max = 3;
  std::size_t shown = 0;
  for (const auto* pod : pods_of(key_of_row(row), around.pods, around.replica_sets)) {
    if (shown == pods_max) return;
    const auto trouble = pod_trouble(*pod);
    if (!trouble) continue;
    ++shown;
    findings.push_back({fmt::format("{} waits for a pod", resource_name(row)), trouble->because, trouble->fix});
  }
}

// The last thing that anybody said of it, where its health says nothing.
void explain_event(const Value& row, const Surroundings& around, std::vector<Finding>& findings) {
  const Value* last = nullptr;
  const auto time_of = [](const Value& event) { return std::max(event.text({"lastTimestamp"}), event.text({"eventTime"})); };
  for (const auto& event : around.events) {
    const Value* object = event.find("involvedObject");
    const bool of_it = object != nullptr && object->text({"kind"}) == row.text({"kind"}) && object->text({"name"}) == row.text({"name"}) &&
                       object->text({"namespace"}) == row.text({"namespace"});
    if (of_it && (last == nullptr || time_of(event) > time_of(*last))) last = &event;
  }
  if (last == nullptr) return;
  findings.push_back({fmt::format("{}: {}", resource_name(row), printable(last->text({"reason"}))), printable(last->text({"message"}), 400), ""});
}

// What an object that is being deleted waits for.
void explain_ending(const Value& row, const Value& live, std::vector<Finding>& findings) {
  const auto since = live.text({"metadata", "deletionTimestamp"});
  if (since.empty()) return;
  std::vector<std::string> reasons;
  if (const auto holds = sync::strings_of(live.find_path({"metadata", "finalizers"})); !holds.empty()) reasons.push_back(fmt::format("finalizers {}", fmt::join(holds, ", ")));
  for (const auto& each : rows_of(live, {"status", "conditions"})) {
    const auto type = each.text({"type"});
    if (each.text({"status"}) == "True" && (type.starts_with("Namespace") || type == "Terminating")) reasons.push_back(printable(each.text({"message"}), 400));
  }
  findings.push_back({fmt::format("{} is being deleted since {}", resource_name(row), printable(since)),
                      reasons.empty() ? std::string() : fmt::format("it waits for {}", fmt::join(reasons, "; ")),
                      reasons.empty() ? "" : "who removes these finalizers, and is it running?"});
}

void explain_row(const sync::Application& application, const Value& row, const Surroundings& around, std::vector<Finding>& findings) {
  const Value* live = find_live(around.live, row);
  if (live != nullptr) explain_ending(row, *live, findings);
  const auto status = row.text({"status"}), health = row.text({"health", "status"});
  const bool pruning = row.find("requiresPruning") != nullptr;
  if (status == "OutOfSync" && health == "Missing") {
    findings.push_back({fmt::format("{} is in Git and not in the cluster", resource_name(row)), "", ""});
  } else if (status == "OutOfSync" && pruning) {
    const bool prunes = application.automated && application.automated->prune;
    const auto kept = kept_because(application, row);
    findings.push_back({fmt::format("{} is in the cluster and not in Git any more", resource_name(row)),
                        !kept.empty() ? kept : prunes ? "" : "nothing is removed without being asked",
                        prunes || !kept.empty() ? "" : fmt::format("remove it: holdfast app sync {} --prune", argument_of(application))});
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
    if (const auto trouble = live == nullptr ? std::string() : controller_trouble(*live); !trouble.empty()) {
      findings.push_back({fmt::format("{} can make no pods", resource_name(row)), trouble, refusal_fix(trouble, application)});
    }
    explain_pods(row, around, findings);
    explain_event(row, around, findings);
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
  if (!around.engine_silence.empty()) {
    findings.push_back({"nobody works on it", around.engine_silence, fmt::format("look at its pod: kubectl -n {} get pods -l app.kubernetes.io/name=holdfast-agent", application.control_namespace)});
  }
  if (!application.annotation(sync::names::refresh).empty()) findings.push_back({"a refresh was asked for and is not done yet", "", ""});
  if (status.find("sync") == nullptr) findings.push_back({"the application was not compared yet", "the engine has not seen it", "is holdfast-agent running?"});
  if (application.deleted) explain_deletion(application, findings);
  for (const auto& each : rows_of(status, {"conditions"})) {
    findings.push_back({std::string(each.text({"type"})), printable(each.text({"message"}), 2000), condition_fix(application, each)});
  }
  explain_operation(application, findings);
  for (const auto& row : rows_of(status, {"resources"})) explain_row(application, row, around, findings);
  const bool waits = status.text({"sync", "status"}) == "OutOfSync" && !application.automated && application.operation() == nullptr;
  if (status.text({"sync", "status"}) == "OutOfSync") explain_windows(application, around, findings);
  if (waits) findings.push_back({"nothing is applied by itself", "the application has no automated sync policy", fmt::format("holdfast app sync {}", argument_of(application))});
  return findings;
}

namespace {

bool is_unwell(const Value& row) {
  const auto health = row.text({"health", "status"});
  return health == "Degraded" || health == "Progressing" || health == "Unknown";
}

std::vector<Value> list_in(kube::Client& client, std::string_view api_version, std::string_view kind, const std::string& place, const std::string& fields = {}) {
  const auto info = client.kind_of(api_version, kind);
  if (!info) return {};
  kube::ListOptions options{.namespace_ = place, .managed_fields = kube::ManagedFields::drop};
  options.field_selector = fields;
  auto list = client.list(*info, options);
  return list ? std::move(list->items) : std::vector<Value>();
}

void append(std::vector<Value>& to, std::vector<Value> from) { std::ranges::move(from, std::back_inserter(to)); }

// The lease is renewed every 5 s.
std::string engine_silence(kube::Client& client, const std::string& place, WallTime now) {
  constexpr auto longest = std::chrono::seconds(60);
  const auto lease = client.get({"coordination.k8s.io", "v1", "Lease", place, "holdfast-agent"});
  if (!lease) return lease.error().code() == Code::object_missing ? fmt::format("no engine has ever worked in namespace {}", place) : std::string();
  const auto renewed = parse_rfc3339(lease->text({"spec", "renewTime"}));
  if (!renewed || now - *renewed < longest) return {};
  return fmt::format("the engine has been silent since {}", format_rfc3339(*renewed));
}

Surroundings look_around(AppAccess& access, const sync::Application& application, WallTime now) {
  Surroundings around;
  around.now = now;
  if (auto project = access.project_of(application)) around.windows = std::move(project->windows);
  auto& client = access.client();
  std::set<std::string> places;
  for (const auto& row : rows_of(application.status(), {"resources"})) {
    if (is_unwell(row)) places.insert(std::string(row.text({"namespace"})));
    const bool told = row.text({"status"}) == "OutOfSync" || is_unwell(row) || application.deleted;
    if (!told || row.text({"health", "status"}) == "Missing" || around.live.size() == objects_max) continue;
    auto object = client.get(identity_of_row(row));
    if (object) around.live.push_back(*std::move(object));
    if (!is_unwell(row)) continue;
    // A claim that waits for its volume says so in an event that is no warning.
    const auto warnings = row.text({"kind"}) == "PersistentVolumeClaim" ? "" : ",type=Warning";
    const auto fields = fmt::format("involvedObject.kind={},involvedObject.name={}{}", row.text({"kind"}), row.text({"name"}), warnings);
    append(around.events, list_in(client, "v1", "Event", std::string(row.text({"namespace"})), fields));
  }
  places.erase("");
  for (const auto& place : places) {
    append(around.pods, list_in(client, "v1", "Pod", place));
    append(around.replica_sets, list_in(client, "apps/v1", "ReplicaSet", place));
  }
  around.engine_silence = engine_silence(client, application.control_namespace, now);
  return around;
}

}  // namespace

Result<> run_app_explain(const AppExplainOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  const auto around = look_around(access, application, console.clock().wall());
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
