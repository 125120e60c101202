// SPDX-License-Identifier: Apache-2.0
#include "agent/status.h"

#include <algorithm>

#include "base/log.h"
#include "sync/names.h"
#include "sync/report.h"
#include "sync/updates.h"
#include "value/patch.h"

namespace holdfast::agent {
namespace {

kube::Identity identity_of(const sync::Application& application) {
  return {"argoproj.io", "v1alpha1", "Application", application.namespace_, application.name};
}

Value finalizer_list(const std::vector<std::string>& finalizers) {
  Array list;
  for (const auto& each : finalizers) list.emplace_back(each);
  return list;
}

// As it was looked at: what is held was not told yet.
const Value& known_of(const sync::Application& application) {
  return application.told == nullptr ? application.object : *application.told;
}

Value make_patch(const sync::Application& application, const StatusChange& change) {
  Value patch = Object{};
  bool guarded = false;
  const Value& told = known_of(application);
  const Value* before = told.find("status");
  const Value none = Object{};
  const Value difference = json::merge_patch_between(before == nullptr ? none : *before, change.status);
  if (difference.as_object() != nullptr && !difference.as_object()->empty()) patch["status"] = difference;
  if (change.drop_refresh) {
    patch["metadata"]["annotations"][sync::names::refresh] = nullptr;
    guarded = true;
  }
  const bool held_drop = application.told != nullptr && told.find("operation") != nullptr && application.operation() == nullptr;
  if (change.drop_operation || held_drop) patch["operation"] = nullptr;
  if (change.start_operation) {
    patch["operation"] = *change.start_operation;
    guarded = true;
  }
  if (change.finalizers) {
    patch["metadata"]["finalizers"] = finalizer_list(*change.finalizers);
    guarded = true;
  }
  // What answers a request or takes a decision holds only for the object that was looked at.
  if (guarded) {
    patch["metadata"]["resourceVersion"] = application.object.text({"metadata", "resourceVersion"});
  }
  return patch;
}

// The API server takes 3 MiB and etcd, which it keeps it in, 1.5 MiB.
bool is_too_large(const Error& error) {
  return error.code() == Code::limit ||
         std::ranges::any_of(error.causes(), [](const std::string& cause) { return cause.find("request is too large") != std::string::npos; });
}

constexpr std::string_view oversized = "OversizedStatusWarning";

bool is_oversized(const Value& status) {
  const Value* conditions = status.find("conditions");
  const auto is_it = [](const Value& each) { return each.text({"type"}) == oversized; };
  return conditions != nullptr && conditions->as_array() != nullptr && std::ranges::any_of(*conditions->as_array(), is_it);
}

// As if it fitted this time.
StatusChange whole(StatusChange change) {
  change.status = sync::report_conditions(std::move(change.status), {}, {oversized}, {});
  return change;
}

bool completed_phase(std::string_view phase) {
  const auto known = sync::parse_operation_phase(phase);
  return known && sync::completed(*known);
}

bool is_well(const Value& row) {
  const auto status = row.text({"status"}), health = row.text({"health", "status"});
  return (status.empty() || status == "Synced" || status == "Pruned") && (health.empty() || health == "Healthy");
}

// Of the rows as many as fit easily, those first that are not well. Returns how many there were.
std::size_t shorten_rows(Value* rows) {
  constexpr std::size_t rows_max = 1000;
  if (rows == nullptr || rows->as_array() == nullptr) return 0;
  Array& all = *rows->as_array();
  const auto count = all.size();
  if (count <= rows_max) return 0;
  std::ranges::stable_partition(all, [](const Value& row) { return !is_well(row); });
  all.resize(rows_max);
  return count;
}

}  // namespace

StatusChange shortened(StatusChange change, WallTime now) {
  Value* state = change.status.find("operationState");
  Value* result = state == nullptr ? nullptr : state->find("syncResult");
  const auto objects = shorten_rows(change.status.find("resources"));
  const auto results = shorten_rows(result == nullptr ? nullptr : result->find("resources"));
  const auto problem = fmt::format("what there is to say of {} objects does not fit into one object of the API server: not all are shown. "
                                   "Make several Applications of it", std::max(objects, results));
  // Its results are the memory of an operation: without all of them it would begin anew for ever.
  if (results > 0 && !completed_phase(state->text({"phase"}))) {
    (*state)["phase"] = "Error";
    (*state)["message"] = problem;
    (*state)["finishedAt"] = format_rfc3339(now);
    change.drop_operation = true;
  }
  change.status = sync::report_conditions(std::move(change.status), {{std::string(oversized), problem}}, {oversized}, now);
  return change;
}

bool changed_by_others(const Value& before, const Value& patch, const Value& written) {
  // The server has held such a patch to what was looked at.
  if (patch.find_path({"metadata", "resourceVersion"}) != nullptr) return false;
  Value expected = json::apply_merge_patch(before, patch), now = written;
  sync::strip_bookkeeping(expected);
  sync::strip_bookkeeping(now);
  return !(expected == now);
}

namespace {

Result<> write_change(Context& context, sync::Application& application, const StatusChange& change) {
  const Value patch = make_patch(application, change);
  if (patch.as_object()->empty()) return {};
  const kube::WriteOptions options{.field_manager = std::string(sync::names::field_manager),
                                   .subresource = "",
                                   .dry_run = kube::DryRun::no,
                                   .validation = kube::FieldValidation::ignore};
  Value written = TRY(context.client.patch(identity_of(application), kube::PatchType::merge, patch, options),
                      "writing the status of application \"{}\"", application.instance);
  // The watch tells of theirs when our own, later write is known already, and then nobody is called.
  if (changed_by_others(known_of(application), patch, written)) context.queue.add(application.instance);
  context.store.note_application(written);
  application = TRY(sync::decode_application(std::move(written), context.store.namespace_name()));
  return {};
}

}  // namespace

Result<> write_status(Context& context, sync::Application& application, const StatusChange& change) {
  auto written = is_oversized(change.status) ? write_change(context, application, whole(change)) : write_change(context, application, change);
  if (written || !is_too_large(written.error())) return written;
  log::warn("a status is too large", {{"application", application.instance}, {"cause", written.error().message()}});
  return write_change(context, application, shortened(change, context.clock.wall()));
}

void hold_status(sync::Application& application, const StatusChange& change) {
  if (application.told == nullptr) application.told = std::make_shared<const Value>(application.object);
  application.object["status"] = change.status;
  if (change.drop_operation) application.object.as_object()->erase("operation");
}

Result<> tell_held(Context& context, sync::Application& application) {
  if (application.told == nullptr) return {};
  StatusChange change;
  change.status = application.status();
  return write_status(context, application, change);
}

}  // namespace holdfast::agent
