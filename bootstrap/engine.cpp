// SPDX-License-Identifier: Apache-2.0
// The engine and the Applications: what the repository says, rendered and adopted exactly as the
// engine itself will do it, so that it finds nothing to change.
#include <algorithm>
#include <set>

#include "applications.h"
#include "base/text.h"
#include "installation.h"
#include "local_agent.h"
#include "sync/target.h"
#include "sync/wording.h"
#include "wait.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::string_view field_manager = "argocd-controller";  // the engine's, and upstream's
constexpr int in_flight = 8;

std::vector<std::string> api_versions_of(const kube::Catalog& catalog) {
  std::set<std::string> versions;
  for (const auto& kind : catalog.kinds()) {
    versions.insert(kind.api_version());
    versions.insert(fmt::format("{}/{}", kind.api_version(), kind.kind));
  }
  return {versions.begin(), versions.end()};
}

sync::FindScope scope_in(std::shared_ptr<const kube::Catalog> catalog) {
  return [catalog = std::move(catalog)](std::string_view group, std::string_view kind) -> std::optional<sync::Scope> {
    for (const auto& known : catalog->kinds()) {
      if (known.group == group && known.kind == kind) return known.namespaced ? sync::Scope::namespaced : sync::Scope::cluster;
    }
    return std::nullopt;
  };
}

ClusterFacts facts_of(const kube::Client& client, const kube::Catalog& catalog) {
  return {.kube_version = client.server_version(), .api_versions = api_versions_of(catalog)};
}

// The objects of an Application of the repository, as its engine would apply them.
Result<std::vector<Value>> targets_of(kube::Client& client, const Repository& repository, const std::string& application_file) {
  const auto application = TRY(read_application(*repository.tree, repository.cluster.name, application_file));
  const auto catalog = TRY(client.catalog());
  auto rendered = TRY(render_application(*repository.tree, application, facts_of(client, *catalog)));
  std::vector<Value> manifests;
  for (auto& manifest : rendered) manifests.push_back(std::move(manifest.object));
  const auto targets = sync::adopt({.application = application.name,
                                    .namespace_ = application.destination.namespace_,
                                    .tracking = {},
                                    .scope = scope_in(catalog),
                                    .excluded = [](std::string_view, std::string_view) { return false; }},
                                   std::move(manifests));
  std::vector<Value> objects;
  for (const auto& target : targets.objects) objects.push_back(*target.object);
  return objects;
}

Result<> apply(kube::Client& client, const std::vector<Value>& objects) {
  const kube::ApplyOptions options{.field_manager = std::string(field_manager), .force = kube::Force::yes};
  for (const auto& result : client.apply_all(objects, options, in_flight)) {
    if (!result) return failure(result.error());
  }
  return {};
}

// The condition's status of an object, "" when it has none.
std::string condition(const Value& object, std::string_view type) {
  const auto* conditions = object.find_path({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return {};
  for (const auto& each : *conditions->as_array()) {
    if (each.text({"type"}) == type) return std::string(each.text({"status"}));
  }
  return {};
}

Result<> apply_crds(Step& step, const Installation& run, kube::Client& client, const std::vector<Value>& crds) {
  TRY(apply(client, crds));
  for (const auto& crd : crds) {
    const auto identity = TRY(kube::identity_of(crd));
    const auto served = [&]() -> Result<std::string> {
      const auto live = TRY(client.get(identity));
      return condition(live, "Established") == "True" ? std::string() : fmt::format("{} to be served", kube::to_string(identity));
    };
    TRY(wait_for(step, run.console.clock(), run.options.timeout, served));
  }
  TRY(client.refresh_catalog());
  return {};
}

std::int64_t count(const Value& object, std::initializer_list<std::string_view> path) {
  const auto* value = object.find_path(path);
  return value != nullptr && value->as_int() != nullptr ? *value->as_int() : 0;
}

// Why the pods of a Deployment do not run yet, from the first container that waits.
std::string pods_state(kube::Client& client, const std::string& namespace_, const std::string& selector) {
  const auto kind = client.kind_of("v1", "Pod");
  if (!kind) return {};
  const auto pods = client.list(*kind, {.namespace_ = namespace_, .label_selector = selector});
  if (!pods) return {};
  for (const auto& pod : pods->items) {
    const auto* statuses = pod.find_path({"status", "containerStatuses"});
    if (statuses == nullptr || !statuses->is_array()) continue;
    for (const auto& container : *statuses->as_array()) {
      const auto reason = container.text({"state", "waiting", "reason"});
      // The kubelet says the one and the other in turns: a wait for them would never end.
      if (reason == "ErrImagePull" || reason == "ImagePullBackOff") return fmt::format(", image {} cannot be pulled", container.text({"image"}));
      if (!reason.empty()) return fmt::format(", pod {} {}", pod.text({"metadata", "name"}), reason);
    }
  }
  return {};
}

Result<std::string> deployment_state(kube::Client& client, const std::string& namespace_) {
  const auto live = TRY(client.get({.group = "apps", .version = "v1", .kind = "Deployment", .namespace_ = namespace_, .name = "holdfast-agent"}));
  const bool seen = count(live, {"status", "observedGeneration"}) >= count(live, {"metadata", "generation"});
  const auto wanted = count(live, {"spec", "replicas"});
  const auto ready = count(live, {"status", "availableReplicas"});
  if (seen && ready >= wanted && count(live, {"status", "updatedReplicas"}) >= wanted) return std::string();
  return fmt::format("Deployment {}/holdfast-agent, {} of {} ready{}", namespace_, ready, wanted,
                     pods_state(client, namespace_, "app.kubernetes.io/name=holdfast-agent"));
}

}  // namespace

Result<> install_engine(Installation& run, kube::Client& client, const Repository& repository) {
  return run.step("engine", "Engine", "applying the engine", [&](Step& step) -> Result<std::string> {
    auto objects = TRY(targets_of(client, repository, "argo-cd.yaml"));
    const auto is_crd = [](const Value& object) { return object.text({"kind"}) == "CustomResourceDefinition"; };
    const auto rest = std::stable_partition(objects.begin(), objects.end(), is_crd);
    const std::vector<Value> crds(objects.begin(), rest);
    const std::vector<Value> others(rest, objects.end());

    const auto& namespace_ = repository.cluster.engine_namespace;
    const Value own_namespace = Object{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", Object{{"name", namespace_}}}};
    TRY(apply(client, {own_namespace}));
    TRY(apply_crds(step, run, client, crds));
    TRY(apply(client, others));
    const auto ready = [&] { return deployment_state(client, namespace_); };
    TRY(wait_for(step, run.console.clock(), run.options.timeout, ready));
    if (!run.node.simulated) return fmt::format("{} objects, agent ready", objects.size());
    TRY(run_agent_here(run, client, repository.cluster, step));
    return fmt::format("{} objects, agent ready on this machine", objects.size());
  });
}

Result<> apply_root(Installation& run, kube::Client& client, const Repository& repository) {
  return run.step("root", "Root", "applying the root application", [&](Step&) -> Result<std::string> {
    auto objects = TRY(targets_of(client, repository, "root.yaml"));
    // The projects that it names come first; everything else is the root's own work.
    std::erase_if(objects, [](const Value& object) {
      return object.text({"kind"}) != "AppProject" && object.text({"metadata", "name"}) != "root";
    });
    std::ranges::stable_partition(objects, [](const Value& object) { return object.text({"kind"}) == "AppProject"; });
    for (const auto& object : objects) TRY(apply(client, {object}));
    return std::string("application root");
  });
}

namespace {

// "hello OutOfSync, Missing (message)": the Application in a few words, "" when it is done.
std::string application_state(const Value& application, const std::string& commit) {
  const auto sync = application.text({"status", "sync", "status"});
  const auto health = application.text({"status", "health", "status"});
  const auto revision = application.text({"status", "sync", "revision"});
  if (sync == "Synced" && health == "Healthy" && revision == commit) return {};
  std::string state = fmt::format("{} {}/{}", application.text({"metadata", "name"}), sync.empty() ? "not seen yet" : sync, health.empty() ? "-" : health);
  const auto* conditions = application.find_path({"status", "conditions"});
  if (conditions != nullptr && conditions->is_array() && !conditions->as_array()->empty()) {
    state += fmt::format(" ({})", printable(conditions->as_array()->front().text({"message"}), 160));
  } else if (const auto message = application.text({"status", "operationState", "message"}); !message.empty() && sync != "Synced") {
    state += fmt::format(" ({})", printable(message, 160));
  }
  return state;
}

// What the engine says where it could not make an Application's manifests, else "".
std::string why_not_rendered(const Value& application) {
  const auto* conditions = application.find_path({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return {};
  for (const auto& each : *conditions->as_array()) {
    const auto message = each.text({"message"});
    if (message.starts_with(sync::wording::load_target)) return std::string(message);
  }
  return {};
}

// Refuses as the renderer does where the commit itself is why: our own rendering says what the engine says, and
// no wait mends it. What the engine could not fetch reads otherwise.
Result<> check_that_waiting_helps(kube::Client& client, const Repository& repository, const Value& application) {
  const auto catalog = TRY(client.catalog());
  const auto decoded = TRY(sync::decode_application(application));
  const auto rendered = render_application(*repository.tree, decoded, facts_of(client, *catalog));
  if (!rendered && why_not_rendered(application).contains(rendered.error().what())) return failure(rendered.error());
  return {};
}

}  // namespace

Result<> wait_for_applications(Installation& run, kube::Client& client, const Repository& repository) {
  return run.step("applications", "Applications", "waiting for every application", [&](Step& step) -> Result<std::string> {
    const auto kind = TRY(client.kind_of("argoproj.io/v1alpha1", "Application"));
    const auto wanted = TRY(targets_of(client, repository, "root.yaml"));
    std::set<std::string> names{"root"};
    for (const auto& object : wanted) {
      if (object.text({"kind"}) == "Application") names.emplace(object.text({"metadata", "name"}));
    }
    const auto all_done = [&]() -> Result<std::string> {
      const auto list = TRY(client.list(kind, {.namespace_ = repository.cluster.engine_namespace}));
      std::set<std::string> missing = names;
      const Value* not_rendered = nullptr;  // waited for last: the others shall be seen healthy
      for (const auto& application : list.items) {
        const std::string name(application.text({"metadata", "name"}));
        if (missing.erase(name) == 0) continue;
        auto state = application_state(application, repository.commit);
        if (state.empty()) continue;
        if (why_not_rendered(application).empty()) return state;
        not_rendered = &application;
      }
      if (!missing.empty()) return fmt::format("application {} to appear", *missing.begin());
      if (not_rendered == nullptr) return std::string();
      TRY(check_that_waiting_helps(client, repository, *not_rendered));
      return application_state(*not_rendered, repository.commit);
    };
    TRY(wait_for(step, run.console.clock(), run.options.timeout, all_done));
    return fmt::format("{} of {} synced and healthy", names.size(), names.size());
  });
}

}  // namespace holdfast::bootstrap
