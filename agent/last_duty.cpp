// SPDX-License-Identifier: Apache-2.0
#include "agent/last_duty.h"

#include "agent/pause.h"
#include "base/log.h"

namespace holdfast::agent {
namespace {

constexpr std::string_view agent_name = "holdfast-agent";  // templates/cluster: the Deployment's
constexpr auto look_every = std::chrono::milliseconds(100);

kube::Identity own_deployment(const std::string& namespace_name) {
  return {.group = "apps", .version = "v1", .kind = "Deployment", .namespace_ = namespace_name,
          .name = std::string(agent_name)};
}

// Only the API server's own word counts: without an answer this is an ordinary end.
bool is_gone(kube::Client& client, const kube::Identity& identity) {
  const auto live = client.get(identity);
  return !live && live.error().code() == Code::object_missing;
}

void start_sync(Context& context, const std::string& application, const kube::Identity& deployment) {
  const ObjectPtr object = context.store.application(application);
  if (object == nullptr || object->find("operation") != nullptr) return;
  if (object->text({"status", "operationState", "phase"}) == "Running") return;
  Value patch;
  patch["operation"]["initiatedBy"]["automated"] = true;
  patch["operation"]["sync"]["resources"] = Array{Object{{"group", deployment.group},
                                                         {"kind", deployment.kind},
                                                         {"namespace", deployment.namespace_},
                                                         {"name", deployment.name}}};
  const kube::Identity identity{"argoproj.io", "v1alpha1", "Application",
                                std::string(object->text({"metadata", "namespace"})), std::string(object->text({"metadata", "name"}))};
  const auto asked = context.client.patch(identity, kube::PatchType::merge, patch);
  if (!asked) log::warn("the sync of the engine was not started", {{"because", asked.error().message()}});
}

}  // namespace

bool keeps_agent(const Value& application, const std::string& namespace_name) {
  const Value* heals = application.find_path({"spec", "syncPolicy", "automated", "selfHeal"});
  if (heals == nullptr || !(*heals == Value(true))) return false;
  const Value* resources = application.find_path({"status", "resources"});
  if (resources == nullptr || resources->as_array() == nullptr) return false;
  for (const auto& each : *resources->as_array()) {
    if (each.text({"kind"}) == "Deployment" && each.text({"group"}) == "apps" && each.text({"name"}) == agent_name &&
        each.text({"namespace"}) == namespace_name) {
      return true;
    }
  }
  return false;
}

std::string keeper_of_itself(Store& store, const std::string& namespace_name) {
  for (const auto& name : store.applications()) {
    const ObjectPtr object = store.application(name);
    if (object != nullptr && keeps_agent(*object, namespace_name)) return name;
  }
  return {};
}

void bring_itself_back(Context& context, const std::string& namespace_name, Duration patience) {
  const auto deployment = own_deployment(namespace_name);
  if (!is_gone(context.client, deployment)) return;
  const auto keeper = keeper_of_itself(context.store, namespace_name);
  if (keeper.empty()) return;
  log::warn("this agent's Deployment was deleted: it is brought back first", {{"application", keeper}});
  const auto end = context.clock.steady() + patience;
  while (is_gone(context.client, deployment) && context.clock.steady() < end) {
    start_sync(context, keeper, deployment);
    pause(look_every, context.stop);
  }
}

}  // namespace holdfast::agent
