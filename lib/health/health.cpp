// SPDX-License-Identifier: Apache-2.0
#include "health/health.h"

#include "health/rules.h"
#include "health/workloads.h"
#include "value/json.h"

#include <algorithm>
#include <array>

namespace holdfast::health {
namespace {

constexpr std::array<std::string_view, 6> status_names{"Healthy", "Suspended", "Progressing",
                                                       "Missing", "Degraded",  "Unknown"};
constexpr std::string_view hook_finalizer = "argocd.argoproj.io/hook-finalizer";

const Value* find_condition(const Value& live, std::string_view type) {
  const Value* conditions = live.find_path({"status", "conditions"});
  const auto* array = conditions == nullptr ? nullptr : conditions->as_array();
  if (array == nullptr) return nullptr;
  const auto found =
      std::ranges::find_if(*array, [&](const Value& each) { return each.text({"type"}) == type; });
  return found == array->end() ? nullptr : &*found;
}

Health unsupported(const Value& live, std::string_view name) {
  return {Status::unknown, fmt::format("unsupported {} GVK: {}, Kind={}", name,
                                       live.text({"apiVersion"}), live.text({"kind"}))};
}

bool has_ingress(const Value& live) {
  const Value* list = live.find_path({"status", "loadBalancer", "ingress"});
  return list != nullptr && list->as_array() != nullptr && !list->as_array()->empty();
}

Health assess_service(const Value& live) {
  if (live.text({"spec", "type"}) != "LoadBalancer" || has_ingress(live)) return {};
  return {Status::progressing, ""};
}

Health assess_ingress(const Value& live) {
  if (has_ingress(live)) return {};
  return {Status::progressing, ""};
}

Health assess_claim(const Value& live) {
  const auto phase = live.text({"status", "phase"});
  if (phase == "Bound") return {};
  if (phase == "Pending") return {Status::progressing, ""};
  return {phase == "Lost" ? Status::degraded : Status::unknown, ""};
}

Health assess_api_service(const Value& live) {
  const Value* available = find_condition(live, "Available");
  if (available == nullptr) return {Status::progressing, "Waiting to be processed"};
  const auto message =
      fmt::format("{}: {}", available->text({"reason"}), available->text({"message"}));
  return {available->text({"status"}) == "True" ? Status::healthy : Status::progressing, message};
}

bool is_scaling_trouble(const Value& condition) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> troubles{
      {{"AbleToScale", "FailedGetScale"},
       {"AbleToScale", "FailedUpdateScale"},
       {"ScalingActive", "FailedGetResourceMetric"},
       {"ScalingActive", "FailedGetObjectMetric"},
       {"ScalingActive", "FailedGetPodsMetric"},
       {"ScalingActive", "FailedGetExternalMetric"},
       {"ScalingActive", "FailedComputeMetricsReplicas"},
       {"ScalingActive", "InvalidSelector"}}};
  return std::ranges::find(troubles, std::pair{condition.text({"type"}),
                                               condition.text({"reason"})}) != troubles.end();
}

bool is_scaling(const Value& condition) {
  const auto type = condition.text({"type"});
  return condition.text({"status"}) == "True" &&
         (type == "AbleToScale" || type == "ScalingLimited");
}

Health judge_scaling(const Array& conditions) {
  for (const auto match : {is_scaling_trouble, is_scaling}) {
    const auto found = std::ranges::find_if(conditions, match);
    if (found == conditions.end()) continue;
    return {match == is_scaling ? Status::healthy : Status::degraded,
            std::string(found->text({"message"}))};
  }
  return {Status::progressing, "Waiting to Autoscale"};
}

// autoscaling/v1 keeps its conditions as JSON in an annotation.
Health assess_autoscaler(const Value& live) {
  if (live.text({"apiVersion"}) == "autoscaling/v2") {
    const Value* conditions = live.find_path({"status", "conditions"});
    if (conditions == nullptr || conditions->as_array() == nullptr) return judge_scaling({});
    return judge_scaling(*conditions->as_array());
  }
  if (live.text({"apiVersion"}) != "autoscaling/v1") return unsupported(live, "HPA");
  const auto note =
      live.text({"metadata", "annotations", "autoscaling.alpha.kubernetes.io/conditions"});
  if (note.empty()) return judge_scaling({});
  const auto conditions =
      json::parse(note, "the conditions annotation", {.depth = 16, .bytes = 256 << 10});
  if (!conditions || conditions->as_array() == nullptr) {
    return {Status::unknown,
            "failed to convert conditions annotation to typed: it is no JSON list"};
  }
  return judge_scaling(*conditions->as_array());
}

Health assess_workflow(const Value& live) {
  const auto phase = live.text({"status", "phase"});
  const std::string message(live.text({"status", "message"}));
  if (phase == "Succeeded") return {Status::healthy, message};
  if (phase == "Failed" || phase == "Error") return {Status::degraded, message};
  if (phase.empty() || phase == "Pending" || phase == "Running")
    return {Status::progressing, message};
  return {Status::unknown, message};
}

// Condition after condition, in the order in which the API server lists them.
Health assess_definition(const Value& live) {
  const Value* conditions = live.find_path({"status", "conditions"});
  if (conditions == nullptr || conditions->as_array() == nullptr ||
      conditions->as_array()->empty()) {
    return {Status::progressing, "Status conditions not found"};
  }
  bool established = false;
  for (const auto& each : *conditions->as_array()) {
    const auto type = each.text({"type"});
    const bool holds = each.text({"status"}) == "True";
    const auto message = each.text({"message"});
    if (type == "Terminating" && holds) {
      return {Status::progressing, fmt::format("CRD is terminating: {}", message)};
    }
    if (type == "NamesAccepted" && each.text({"status"}) == "False") {
      return {Status::degraded, fmt::format("CRD names have not been accepted: {}", message)};
    }
    if (type == "NonStructuralSchema" && holds) {
      return {Status::degraded, fmt::format("Schema violations found: {}", message)};
    }
    if (type != "Established") continue;
    const auto reason = each.text({"reason"});
    if (!holds && reason == "InvalidCABundle")
      return {Status::degraded, fmt::format("CRD is not established: {}", message)};
    if (!holds && reason == "Installing") return {Status::progressing, "CRD is being installed"};
    established = established || holds;
  }
  // It follows shortly after the names are accepted.
  if (!established) return {Status::progressing, "CRD is not established"};
  return {Status::healthy, "CRD is healthy"};
}

// Never Progressing or Suspended once it has a status: upstream's #24428 and #24429.
Health assess_cron_job(const Value& live) {
  const Value* suspend = live.find_path({"spec", "suspend"});
  if (suspend != nullptr && *suspend == Value(true))
    return {Status::healthy, "CronJob is Suspended"};
  if (live.find("status") == nullptr) return {Status::progressing, "Waiting for CronJob"};
  const auto scheduled = live.text({"status", "lastScheduleTime"});
  if (scheduled.empty()) return {Status::healthy, "CronJob has not been scheduled yet"};
  const auto succeeded = live.text({"status", "lastSuccessfulTime"});
  if (succeeded.empty()) {
    return {Status::healthy, "The CronJob never completed successfully. It may not be healthy"};
  }
  const Value* active = live.find_path({"status", "active"});
  if (active != nullptr && active->as_array() != nullptr && !active->as_array()->empty()) {
    return {Status::healthy, "The job is running. Its last execution may not have been successful"};
  }
  if (succeeded < scheduled) {
    return {Status::degraded, "CronJob has not completed its last execution successfully"};
  }
  return {Status::healthy, "CronJob has completed its last execution successfully"};
}

// Upstream reads only the versions it was built with; "" takes all.
struct Rule {
  std::string_view group, kind, version;
  Health (*assess)(const Value&);
};

constexpr Rule rules[] = {
    {"apps", "Deployment", "v1", assess_deployment},
    {"apps", "StatefulSet", "v1", assess_stateful_set},
    {"apps", "DaemonSet", "v1", assess_daemon_set},
    {"apps", "ReplicaSet", "v1", assess_replica_set},
    {"", "Pod", "v1", assess_pod},
    {"batch", "Job", "v1", assess_job},
    {"batch", "CronJob", "", assess_cron_job},
    {"", "Service", "v1", assess_service},
    {"extensions", "Ingress", "", assess_ingress},
    {"networking.k8s.io", "Ingress", "", assess_ingress},
    {"", "PersistentVolumeClaim", "v1", assess_claim},
    {"apiregistration.k8s.io", "APIService", "", assess_api_service},
    {"autoscaling", "HorizontalPodAutoscaler", "", assess_autoscaler},
    {"apiextensions.k8s.io", "CustomResourceDefinition", "", assess_definition},
    {"argoproj.io", "Workflow", "", assess_workflow}};

}  // namespace

std::string_view to_string(Status status) {
  return status_names[static_cast<std::size_t>(status)];
}

std::optional<Status> parse_status(std::string_view text) {
  const auto* found = std::ranges::find(status_names, text);
  if (found == status_names.end()) return std::nullopt;
  return static_cast<Status>(found - status_names.begin());
}

std::optional<Health> pending_deletion(const Value& live) {
  if (live.text({"metadata", "deletionTimestamp"}).empty()) return std::nullopt;
  std::string message = "Pending deletion";
  const Value* finalizers = live.find_path({"metadata", "finalizers"});
  if (finalizers != nullptr && finalizers->as_array() != nullptr) {
    for (const auto& each : *finalizers->as_array()) {
      if (each == Value(hook_finalizer)) return std::nullopt;
      if (!each.is_string()) continue;
      message += message.ends_with("deletion") ? "; blocked by finalizers: " : ", ";
      message += *each.as_string();
    }
  }
  return Health{Status::progressing, std::move(message)};
}

std::optional<Health> assess_builtin(const Value& live) {
  if (auto pending = pending_deletion(live)) return pending;
  const auto api_version = live.text({"apiVersion"});
  const auto slash = api_version.find('/');
  const bool core = slash == std::string_view::npos;
  const auto group = core ? std::string_view{} : api_version.substr(0, slash);
  const auto version = core ? api_version : api_version.substr(slash + 1);
  for (const auto& rule : rules) {
    if (rule.group != group || rule.kind != live.text({"kind"})) continue;
    if (!rule.version.empty() && rule.version != version) return unsupported(live, rule.kind);
    return rule.assess(live);
  }
  const KindRules* known = find_rules(group, live.text({"kind"}));
  return known == nullptr ? std::nullopt : judge(*known, live);
}

}  // namespace holdfast::health
