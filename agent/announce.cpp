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
  std::string text;
  const auto add = [&](std::string_view part) {
    const auto then = before.text({part, "status"}), is = now.text({part, "status"});
    // What is seen for the first time has not changed, and on the way to healthy the end is the news.
    if (then == is || then.empty() || is == "Progressing") return;
    text += fmt::format("{} {} status: {} -> {}", text.empty() ? "Updated" : "; updated", part, then, is);
  };
  add("sync");
  add("health");
  if (!text.empty()) say(context, application, kube::EventType::normal, "ResourceUpdated", std::move(text));
}

void announce_deletion(Context& context, const sync::Application& application) {
  say(context, application, kube::EventType::normal, "ResourceDeleted", "Application was deleted");
}

}  // namespace holdfast::agent
