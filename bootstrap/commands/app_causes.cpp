// SPDX-License-Identifier: Apache-2.0
#include "commands/app_causes.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "commands/app_access.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::size_t words_max = 400;

bool has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

template <std::size_t n>
bool has_any(std::string_view text, const std::array<std::string_view, n>& parts) {
  return std::ranges::any_of(parts, [&](std::string_view part) { return has(text, part); });
}

// In the words of Kubernetes' validation, which name the field but not that it is the rule for all of them.
constexpr std::array<std::string_view, 5> immutable{"field is immutable", "updates to statefulset spec for fields other than", "may not change once set",
                                                    "spec is immutable after creation", "cannot change roleRef"};

constexpr std::array<std::string_view, 6> no_access{"authentication required", "credentials", "HTTP 401", "HTTP 403", "permission denied", "answered 401"};

constexpr std::array<std::string_view, 4> away{"does not answer", "could not connect", "no connection", "timed out"};

bool is_owner(const Value& owner, const sync::Key& key) {
  return owner.text({"kind"}) == key.kind && owner.text({"name"}) == key.name && sync::split_api_version(owner.text({"apiVersion"})).group == key.group;
}

bool is_owned_by(const Value& object, const sync::Key& key) {
  return object.text({"metadata", "namespace"}) == key.namespace_ &&
         std::ranges::any_of(rows_of(object, {"metadata", "ownerReferences"}), [&](const Value& owner) { return is_owner(owner, key); });
}

std::string place_of(const Value& pod) { return fmt::format("{}/{}", pod.text({"metadata", "namespace"}), pod.text({"metadata", "name"})); }

std::string with_reason(std::string_view reason, std::string_view message) {
  return message.empty() ? printable(reason) : fmt::format("{}: {}", printable(reason), printable(message, words_max));
}

std::optional<Trouble> waiting_trouble(const Value& pod, const Value& container) {
  const auto reason = container.text({"state", "waiting", "reason"});
  if (reason.empty() || reason == "ContainerCreating" || reason == "PodInitializing") return std::nullopt;
  const auto name = printable(container.text({"name"}));
  Trouble trouble{fmt::format("pod {}: container {}: {}", place_of(pod), name, with_reason(reason, container.text({"state", "waiting", "message"}))), ""};
  if (has(reason, "Image") || has(reason, "ErrPull")) {
    trouble.fix = fmt::format("is {} in a registry that the node reaches, and is its name right? A private one needs imagePullSecrets", printable(container.text({"image"})));
  } else if (reason == "CrashLoopBackOff") {
    const Value* last = container.find_path({"lastState", "terminated"});
    if (last != nullptr) {
      const Value* code = last->find("exitCode");
      const auto* number = code == nullptr ? nullptr : code->as_int();
      trouble.because += fmt::format("; it ended last with {}{}", last->text({"reason"}), number == nullptr ? "" : fmt::format(" and exit code {}", *number));
    }
    trouble.fix = fmt::format("see what it wrote: kubectl -n {} logs {} -c {} --previous", pod.text({"metadata", "namespace"}), pod.text({"metadata", "name"}), name);
  } else {
    trouble.fix = fmt::format("kubectl -n {} describe pod {}", pod.text({"metadata", "namespace"}), pod.text({"metadata", "name"}));
  }
  return trouble;
}

std::optional<Trouble> container_trouble(const Value& pod) {
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const auto& container : rows_of(pod, {"status", list})) {
      if (auto trouble = waiting_trouble(pod, container)) return trouble;
    }
  }
  return std::nullopt;
}

std::optional<Trouble> scheduling_trouble(const Value& pod) {
  for (const auto& each : rows_of(pod, {"status", "conditions"})) {
    if (each.text({"type"}) != "PodScheduled" || each.text({"status"}) != "False") continue;
    return Trouble{fmt::format("pod {}: no node takes it: {}", place_of(pod), printable(each.text({"message"}), words_max)),
                   has(each.text({"message"}), "PersistentVolumeClaim") || has(each.text({"message"}), "persistentvolumeclaim")
                       ? fmt::format("look at its claims: kubectl -n {} get pvc", pod.text({"metadata", "namespace"}))
                       : "lower what it requests, or add a node; what nodes have: kubectl describe nodes"};
  }
  return std::nullopt;
}

}  // namespace

std::string refusal_fix(std::string_view message, const sync::Application& application) {
  const auto name = argument_of(application);
  if (has_any(message, immutable)) {
    return "this field cannot be changed in place: take the change back, or let the object be deleted and made anew with its annotation "
           "argocd.argoproj.io/sync-options: Force=true,Replace=true";
  }
  if (has(message, "exceeded quota")) return "raise the quota, or ask for less: kubectl describe quota -A";
  if (has(message, "namespaces \"") && has(message, "not found")) {
    return fmt::format("let the namespace be made: holdfast app set {} --sync-option CreateNamespace=true", name);
  }
  if (has(message, "because it is being terminated")) return "the namespace is being deleted; what it waits for: kubectl get namespaces -o yaml";
  if (has(message, "is not permitted in project") || has(message, "of the allowed destinations in project")) {
    return fmt::format("permit it: kubectl -n {} edit appproject {}", application.control_namespace, application.project);
  }
  if (has(message, "CRD is installed") || has(message, "could not find the requested resource") || has(message, "could not find version")) {
    return "install the kind first: with its CRD in this application, or in one that is synced before";
  }
  if (has(message, "attempting to grant RBAC permissions not currently held")) return "the engine grants only what it holds: add the rule to rbac.extra of its chart";
  if (has(message, "is forbidden: User")) return "give the engine the right: rbac.kinds or rbac.extra of its chart";
  if (has(message, "failed calling webhook")) return "the webhook's server does not answer: kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations";
  if (has(message, "conversion webhook")) return "the kind's conversion webhook does not answer; is its server running?";
  if (has(message, "admission webhook")) return "a policy of the cluster refuses it: change the object in Git, or the policy";
  if (has(message, "is invalid") || has(message, "unknown field") || has(message, "cannot unmarshal")) return "correct the object in Git";
  return {};
}

std::string source_fix(std::string_view message, const sync::Application& application) {
  const auto name = argument_of(application);
  const auto url = application.sources.empty() ? std::string() : printable(application.sources.front().repo_url);
  if (has(message, "is not in the repository") || has(message, "app path does not exist")) return fmt::format("is the path right? holdfast app set {} --path PATH", name);
  if (has(message, "to a commit SHA")) return fmt::format("is there such a branch, tag or commit? holdfast app set {} --revision REVISION", name);
  if (has(message, "HTTP 429") || has(message, "rate limit") || has(message, "too many requests")) return "the server asks for fewer requests; it is asked again by itself";
  if (has(message, "repository not found")) {
    return fmt::format("is the URL right ({})? A private repository needs a Secret with label argocd.argoproj.io/secret-type: repository", url);
  }
  if (has_any(message, no_access)) {
    return fmt::format("give the engine access: a Secret in namespace {} with label argocd.argoproj.io/secret-type: repository and url: {}", application.control_namespace, url);
  }
  if (has_any(message, away)) return fmt::format("does the server answer, and is its name known in the cluster? ({})", url);
  return fmt::format("correct the source in Git; then: holdfast app get {} --refresh", name);
}

std::optional<Trouble> pod_trouble(const Value& pod) {
  if (auto trouble = container_trouble(pod)) return trouble;
  if (auto trouble = scheduling_trouble(pod)) return trouble;
  const auto phase = pod.text({"status", "phase"}), reason = pod.text({"status", "reason"});
  if (phase == "Failed") return Trouble{fmt::format("pod {}: it failed{}", place_of(pod), reason.empty() ? "" : ": " + with_reason(reason, pod.text({"status", "message"}))), ""};
  return std::nullopt;
}

std::string controller_trouble(const Value& workload) {
  for (const auto& each : rows_of(workload, {"status", "conditions"})) {
    const bool fails = each.text({"type"}) == "ReplicaFailure" && each.text({"status"}) == "True";
    if (fails) return printable(each.text({"message"}), words_max);
  }
  return {};
}

std::vector<const Value*> pods_of(const sync::Key& key, const std::vector<Value>& pods, const std::vector<Value>& replica_sets) {
  std::vector<const Value*> found;
  for (const auto& pod : pods) {
    const bool itself = key.group.empty() && key.kind == "Pod" && pod.text({"metadata", "name"}) == key.name && pod.text({"metadata", "namespace"}) == key.namespace_;
    const bool through = std::ranges::any_of(replica_sets, [&](const Value& set) {
      const sync::Key own{"apps", "ReplicaSet", std::string(set.text({"metadata", "namespace"})), std::string(set.text({"metadata", "name"}))};
      return is_owned_by(set, key) && is_owned_by(pod, own);
    });
    if (itself || through || is_owned_by(pod, key)) found.push_back(&pod);
  }
  return found;
}

}  // namespace holdfast::bootstrap
