// SPDX-License-Identifier: Apache-2.0
#include "agent/announce.h"

namespace holdfast::agent {
namespace {

void say(Context& context, const sync::Application& application, kube::EventType type, std::string reason,
         std::string message) {
  context.events.record({{"argoproj.io", "v1alpha1", "Application", application.namespace_, application.name},
                         application.uid, std::string(application.object.text({"metadata", "resourceVersion"})), type,
                         std::move(reason), std::move(message)});
}

}  // namespace

void announce_operation(Context& context, const sync::Application& application, const sync::OperationState& state) {
  const bool good = state.phase == sync::OperationPhase::succeeded;
  const auto revision = state.revisions.empty() ? std::string() : state.revisions.front();
  say(context, application, good ? kube::EventType::normal : kube::EventType::warning, "OperationCompleted",
      good ? fmt::format("Sync operation to {} succeeded", revision)
           : fmt::format("Sync operation to {} failed: {}", revision, state.message));
}

void announce_change(Context& context, const sync::Application& application, const Value& before) {
  const Value& now = application.status();
  if (before.text({"sync", "status"}) != now.text({"sync", "status"})) {
    say(context, application, kube::EventType::normal, "ResourceUpdated",
        fmt::format("Updated sync status: {} -> {}", before.text({"sync", "status"}), now.text({"sync", "status"})));
  }
  if (before.text({"health", "status"}) != now.text({"health", "status"})) {
    say(context, application, kube::EventType::normal, "ResourceUpdated",
        fmt::format("Updated health status: {} -> {}", before.text({"health", "status"}), now.text({"health", "status"})));
  }
}

void announce_deletion(Context& context, const sync::Application& application) {
  say(context, application, kube::EventType::normal, "ResourceDeleted", "Application was deleted");
}

}  // namespace holdfast::agent
