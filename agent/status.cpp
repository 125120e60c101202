// SPDX-License-Identifier: Apache-2.0
#include "agent/status.h"

#include "sync/names.h"
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

}  // namespace

bool changed_by_others(const Value& before, const Value& patch, const Value& written) {
  // The server has held such a patch to what was looked at.
  if (patch.find_path({"metadata", "resourceVersion"}) != nullptr) return false;
  Value expected = json::apply_merge_patch(before, patch), now = written;
  sync::strip_bookkeeping(expected);
  sync::strip_bookkeeping(now);
  return !(expected == now);
}

Result<> write_status(Context& context, sync::Application& application, const StatusChange& change) {
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
