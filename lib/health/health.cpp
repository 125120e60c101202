// SPDX-License-Identifier: Apache-2.0
#include "health/health.h"

#include <algorithm>
#include <array>

#include "health/workloads.h"

namespace holdfast::health {
namespace {

constexpr std::array<std::string_view, 6> status_names{"Healthy", "Suspended", "Progressing",
                                                       "Missing", "Degraded",  "Unknown"};
constexpr std::string_view hook_finalizer = "argocd.argoproj.io/hook-finalizer";

const Value* find_condition(const Value& live, std::string_view type) {
  const Value* conditions = live.find_path({"status", "conditions"});
  const auto* array = conditions == nullptr ? nullptr : conditions->as_array();
  if (array == nullptr) return nullptr;
  const auto found = std::ranges::find_if(*array, [&](const Value& each) { return each.text({"type"}) == type; });
  return found == array->end() ? nullptr : &*found;
}

bool has_ingress(const Value& live) {
  const Value* list = live.find_path({"status", "loadBalancer", "ingress"});
  return list != nullptr && list->as_array() != nullptr && !list->as_array()->empty();
}

Health assess_service(const Value& live) {
  if (live.text({"spec", "type"}) != "LoadBalancer" || has_ingress(live)) return {};
  return {Status::progressing, "waiting for a load balancer's address"};
}

Health assess_ingress(const Value& live) {
  if (has_ingress(live)) return {};
  return {Status::progressing, "waiting for a load balancer's address"};
}

Health assess_claim(const Value& live) {
  const auto phase = live.text({"status", "phase"});
  if (phase == "Bound") return {};
  if (phase == "Pending") return {Status::progressing, ""};
  return {phase == "Lost" ? Status::degraded : Status::unknown, ""};
}

Health assess_api_service(const Value& live) {
  const Value* available = find_condition(live, "Available");
  if (available == nullptr) return {Status::progressing, "waiting to be processed"};
  const auto message = fmt::format("{}: {}", available->text({"reason"}), available->text({"message"}));
  return {available->text({"status"}) == "True" ? Status::healthy : Status::progressing, message};
}

bool is_scaling_trouble(const Value& condition) {
  const auto reason = condition.text({"reason"});
  if (condition.text({"status"}) == "True") return false;
  if (reason == "FailedGetScale" || reason == "FailedUpdateScale" || reason == "InvalidSelector" ||
      reason == "FailedComputeMetricsReplicas") {
    return true;
  }
  return reason.starts_with("FailedGet") && reason.ends_with("Metric");
}

Health assess_autoscaler(const Value& live) {
  const Value* conditions = live.find_path({"status", "conditions"});
  const auto* array = conditions == nullptr ? nullptr : conditions->as_array();
  if (array == nullptr || array->empty()) return {Status::progressing, "Waiting to Autoscale"};
  for (const auto& each : *array) {
    if (is_scaling_trouble(each)) return {Status::degraded, std::string(each.text({"message"}))};
  }
  for (const auto& each : *array) {
    const auto type = each.text({"type"});
    if (each.text({"status"}) == "True" && (type == "AbleToScale" || type == "ScalingLimited")) {
      return {Status::healthy, std::string(each.text({"message"}))};
    }
  }
  return {Status::progressing, "Waiting to Autoscale"};
}

Health assess_workflow(const Value& live) {
  const auto phase = live.text({"status", "phase"});
  const std::string message(live.text({"status", "message"}));
  if (phase == "Succeeded") return {Status::healthy, message};
  if (phase == "Failed" || phase == "Error") return {Status::degraded, message};
  if (phase.empty() || phase == "Pending" || phase == "Running") return {Status::progressing, message};
  return {Status::unknown, message};
}

// A CRD is usable once it is Established; wrong names are told by NamesAccepted.
Health assess_definition(const Value& live) {
  const Value* names = find_condition(live, "NamesAccepted");
  if (names != nullptr && names->text({"status"}) == "False") {
    return {Status::degraded, fmt::format("CRD names have not been accepted: {}", names->text({"message"}))};
  }
  const Value* established = find_condition(live, "Established");
  if (established == nullptr) return {Status::progressing, "Status conditions not found"};
  if (established->text({"status"}) != "True") return {Status::progressing, "CRD is not established"};
  const Value* structural = find_condition(live, "NonStructuralSchema");
  if (structural != nullptr && structural->text({"status"}) == "True") {
    return {Status::degraded, fmt::format("Schema violations found: {}", structural->text({"message"}))};
  }
  return {Status::healthy, "CRD is healthy"};
}

Health assess_cron_job(const Value& live) {
  const Value* suspend = live.find_path({"spec", "suspend"});
  if (suspend != nullptr && suspend->as_bool() != nullptr && *suspend->as_bool()) {
    return {Status::suspended, "CronJob is Suspended"};
  }
  return {};
}

struct Rule {
  std::string_view group, kind;
  Health (*assess)(const Value&);
};

constexpr Rule rules[] = {{"apps", "Deployment", assess_deployment},
                          {"apps", "StatefulSet", assess_stateful_set},
                          {"apps", "DaemonSet", assess_daemon_set},
                          {"apps", "ReplicaSet", assess_replica_set},
                          {"", "Pod", assess_pod},
                          {"batch", "Job", assess_job},
                          {"batch", "CronJob", assess_cron_job},
                          {"", "Service", assess_service},
                          {"extensions", "Ingress", assess_ingress},
                          {"networking.k8s.io", "Ingress", assess_ingress},
                          {"", "PersistentVolumeClaim", assess_claim},
                          {"apiregistration.k8s.io", "APIService", assess_api_service},
                          {"autoscaling", "HorizontalPodAutoscaler", assess_autoscaler},
                          {"apiextensions.k8s.io", "CustomResourceDefinition", assess_definition},
                          {"argoproj.io", "Workflow", assess_workflow}};

}  // namespace

std::string_view to_string(Status status) { return status_names[static_cast<std::size_t>(status)]; }

std::optional<Status> parse_status(std::string_view text) {
  const auto* found = std::ranges::find(status_names, text);
  if (found == status_names.end()) return std::nullopt;
  return static_cast<Status>(found - status_names.begin());
}

std::optional<Health> pending_deletion(const Value& live) {
  if (live.text({"metadata", "deletionTimestamp"}).empty()) return std::nullopt;
  const Value* finalizers = live.find_path({"metadata", "finalizers"});
  if (finalizers != nullptr && finalizers->as_array() != nullptr) {
    for (const auto& each : *finalizers->as_array()) {
      if (each == Value(hook_finalizer)) return std::nullopt;
    }
  }
  return Health{Status::progressing, "Pending deletion"};
}

std::optional<Health> assess_builtin(const Value& live) {
  if (auto pending = pending_deletion(live)) return pending;
  const auto api_version = live.text({"apiVersion"});
  const auto slash = api_version.find('/');
  const auto group = slash == std::string_view::npos ? std::string_view{} : api_version.substr(0, slash);
  for (const auto& rule : rules) {
    if (rule.group == group && rule.kind == live.text({"kind"})) return rule.assess(live);
  }
  return std::nullopt;
}

}  // namespace holdfast::health
