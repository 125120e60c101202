// SPDX-License-Identifier: Apache-2.0
#include "health/workloads.h"

#include "base/text.h"

#include <algorithm>

namespace holdfast::health {
namespace {

std::int64_t number(const Value& live, std::initializer_list<std::string_view> path,
                    std::int64_t absent = 0) {
  const Value* found = live.find_path(path);
  const auto* value = found == nullptr ? nullptr : found->as_int();
  return value == nullptr ? absent : *value;
}

bool flag(const Value& live, std::initializer_list<std::string_view> path) {
  const Value* found = live.find_path(path);
  return found != nullptr && found->as_bool() != nullptr && *found->as_bool();
}

bool behind(const Value& live) {
  return number(live, {"status", "observedGeneration"}) < number(live, {"metadata", "generation"});
}

const Array& items(const Value& live, std::initializer_list<std::string_view> path) {
  static const Array none;
  const Value* found = live.find_path(path);
  return found == nullptr || found->as_array() == nullptr ? none : *found->as_array();
}

const Value* condition(const Value& live, std::string_view type) {
  for (const auto& each : items(live, {"status", "conditions"})) {
    if (each.text({"type"}) == type) return &each;
  }
  return nullptr;
}

bool is_trouble(std::string_view reason) {
  return reason.starts_with("Err") || reason.ends_with("Error") || reason.ends_with("BackOff");
}

// A hook by Argo CD's annotation (unless its only type is Skip) or by Helm's.
bool is_hook(const Value& live) {
  const Value* argo = live.find_path({"metadata", "annotations", "argocd.argoproj.io/hook"});
  if (argo != nullptr && argo->is_string()) return trim(*argo->as_string()) != "Skip";
  const Value* helm = live.find_path({"metadata", "annotations", "helm.sh/hook"});
  return helm != nullptr && *helm != Value("crd-install");
}

bool ignores_restart_policy(const Value& live) {
  return live.text({"metadata", "annotations", "argocd.argoproj.io/ignore-restart-policy"}) ==
             "true" &&
         !is_hook(live);
}

std::string waiting_troubles(const Value& live) {
  std::string messages;
  for (const auto& container : items(live, {"status", "containerStatuses"})) {
    if (!is_trouble(container.text({"state", "waiting", "reason"}))) continue;
    if (!messages.empty()) messages += ", ";
    messages += container.text({"state", "waiting", "message"});
  }
  return messages;
}

bool waits_in_trouble(const Value& live) {
  return std::ranges::any_of(items(live, {"status", "containerStatuses"}),
                             [](const Value& container) {
                               return is_trouble(container.text({"state", "waiting", "reason"}));
                             });
}

std::string failure_message(const Value& live) {
  if (const auto message = live.text({"status", "message"}); !message.empty())
    return std::string(message);
  for (const std::string_view list : {"initContainerStatuses", "containerStatuses"}) {
    for (const auto& container : items(live, {"status", list})) {
      const Value* ended = container.find_path({"state", "terminated"});
      if (ended == nullptr) continue;
      if (const auto message = ended->text({"message"}); !message.empty())
        return std::string(message);
      if (ended->text({"reason"}) == "OOMKilled") return "OOMKilled";
      if (const auto code = number(*ended, {"exitCode"}); code != 0) {
        return fmt::format("container \"{}\" failed with exit code {}", container.text({"name"}),
                           code);
      }
    }
  }
  return {};
}

Health assess_running(const Value& live, bool long_running) {
  std::string message(live.text({"status", "message"}));
  if (!long_running) {
    const auto policy = live.text({"spec", "restartPolicy"});
    const bool ends = policy == "OnFailure" || policy == "Never";
    return {ends ? Status::progressing : Status::unknown, std::move(message)};
  }
  const Value* ready = condition(live, "Ready");
  if (ready != nullptr && ready->text({"status"}) == "True")
    return {Status::healthy, std::move(message)};
  const bool ended_before =
      std::ranges::any_of(items(live, {"status", "containerStatuses"}), [](const Value& container) {
        return container.find_path({"lastState", "terminated"}) != nullptr;
      });
  return {ended_before ? Status::degraded : Status::progressing, std::move(message)};
}

}  // namespace

Health assess_deployment(const Value& live) {
  if (flag(live, {"spec", "paused"})) return {Status::suspended, "Deployment is paused"};
  if (behind(live)) {
    return {Status::progressing,
            "Waiting for rollout to finish: observed deployment generation less than desired "
            "generation"};
  }
  const Value* progress = condition(live, "Progressing");
  if (progress != nullptr && progress->text({"reason"}) == "ProgressDeadlineExceeded") {
    return {Status::degraded, fmt::format("Deployment \"{}\" exceeded its progress deadline",
                                          live.text({"metadata", "name"}))};
  }
  const auto wanted = number(live, {"spec", "replicas"}, 1);
  const auto updated = number(live, {"status", "updatedReplicas"});
  const auto all = number(live, {"status", "replicas"});
  const auto available = number(live, {"status", "availableReplicas"});
  if (live.find_path({"spec", "replicas"}) != nullptr && updated < wanted) {
    return {
        Status::progressing,
        fmt::format("Waiting for rollout to finish: {} out of {} new replicas have been updated...",
                    updated, wanted)};
  }
  if (all > updated) {
    return {Status::progressing,
            fmt::format("Waiting for rollout to finish: {} old replicas are pending termination...",
                        all - updated)};
  }
  if (available < updated) {
    return {Status::progressing,
            fmt::format("Waiting for rollout to finish: {} of {} updated replicas are available...",
                        available, updated)};
  }
  return {};
}

Health assess_stateful_set(const Value& live) {
  const auto observed = number(live, {"status", "observedGeneration"});
  if (observed == 0 || behind(live)) {
    return {Status::progressing, "Waiting for statefulset spec update to be observed..."};
  }
  const auto wanted = number(live, {"spec", "replicas"}, 1);
  const auto ready = number(live, {"status", "readyReplicas"});
  if (live.find_path({"spec", "replicas"}) != nullptr && ready < wanted) {
    return {Status::progressing, fmt::format("Waiting for {} pods to be ready...", wanted - ready)};
  }
  const auto strategy = live.text({"spec", "updateStrategy", "type"});
  const Value* rolling = live.find_path({"spec", "updateStrategy", "rollingUpdate"});
  if (strategy == "RollingUpdate" && rolling != nullptr) {
    const Value* partition = rolling->find("partition");
    const auto kept = number(*rolling, {"partition"});
    const auto updated = number(live, {"status", "updatedReplicas"});
    if (partition != nullptr && live.find_path({"spec", "replicas"}) != nullptr &&
        updated < wanted - kept) {
      return {Status::progressing, fmt::format("Waiting for partitioned roll out to finish: {} out "
                                               "of {} new pods have been updated...",
                                               updated, wanted - kept)};
    }
    return {
        Status::healthy,
        fmt::format("partitioned roll out complete: {} new pods have been updated...", updated)};
  }
  if (strategy == "OnDelete") {
    return {Status::healthy, fmt::format("statefulset has {} ready pods", ready)};
  }
  if (live.text({"status", "updateRevision"}) != live.text({"status", "currentRevision"})) {
    return {
        Status::progressing,
        fmt::format("waiting for statefulset rolling update to complete {} pods at revision {}...",
                    number(live, {"status", "updatedReplicas"}),
                    live.text({"status", "updateRevision"}))};
  }
  return {Status::healthy,
          fmt::format("statefulset rolling update complete {} pods at revision {}...",
                      number(live, {"status", "currentReplicas"}),
                      live.text({"status", "currentRevision"}))};
}

Health assess_daemon_set(const Value& live) {
  if (behind(live)) {
    return {Status::progressing,
            "Waiting for rollout to finish: observed daemon set generation less than desired "
            "generation"};
  }
  const auto wanted = number(live, {"status", "desiredNumberScheduled"});
  const auto updated = number(live, {"status", "updatedNumberScheduled"});
  const auto available = number(live, {"status", "numberAvailable"});
  if (live.text({"spec", "updateStrategy", "type"}) == "OnDelete") {
    return {Status::healthy,
            fmt::format("daemon set {} out of {} new pods have been updated", updated, wanted)};
  }
  if (updated < wanted) {
    return {Status::progressing, fmt::format("Waiting for daemon set \"{}\" rollout to finish: {} "
                                             "out of {} new pods have been updated...",
                                             live.text({"metadata", "name"}), updated, wanted)};
  }
  if (available < wanted) {
    return {Status::progressing, fmt::format("Waiting for daemon set \"{}\" rollout to finish: {} "
                                             "of {} updated pods are available...",
                                             live.text({"metadata", "name"}), available, wanted)};
  }
  return {};
}

Health assess_replica_set(const Value& live) {
  if (behind(live)) {
    return {Status::progressing,
            "Waiting for rollout to finish: observed replica set generation less than desired "
            "generation"};
  }
  const Value* refused = condition(live, "ReplicaFailure");
  if (refused != nullptr && refused->text({"status"}) == "True") {
    return {Status::degraded, std::string(refused->text({"message"}))};
  }
  const auto available = number(live, {"status", "availableReplicas"});
  const auto wanted = number(live, {"spec", "replicas"}, 1);
  if (live.find_path({"spec", "replicas"}) != nullptr && available < wanted) {
    return {Status::progressing,
            fmt::format("Waiting for rollout to finish: {} out of {} new replicas are available...",
                        available, wanted)};
  }
  return {};
}

Health assess_pod(const Value& live) {
  const bool long_running =
      live.text({"spec", "restartPolicy"}) == "Always" || ignores_restart_policy(live);
  if (long_running && waits_in_trouble(live)) return {Status::degraded, waiting_troubles(live)};
  const auto phase = live.text({"status", "phase"});
  const std::string message(live.text({"status", "message"}));
  if (phase == "Pending") return {Status::progressing, message};
  if (phase == "Succeeded") return {Status::healthy, message};
  if (phase == "Failed") return {Status::degraded, failure_message(live)};
  if (phase == "Running") return assess_running(live, long_running);
  return {Status::unknown, message};
}

// A Suspended condition of any status counts as an end: a resumed Job is Healthy while it runs.
Health assess_job(const Value& live) {
  bool complete = false;
  bool suspended = false;
  std::string message;
  const Value* failed = condition(live, "Failed");
  if (failed != nullptr) return {Status::degraded, std::string(failed->text({"message"}))};
  for (const auto& each : items(live, {"status", "conditions"})) {
    const auto type = each.text({"type"});
    if (type != "Complete" && type != "Suspended") continue;
    complete = true;
    message = each.text({"message"});
    suspended = suspended || (type == "Suspended" && each.text({"status"}) == "True");
  }
  if (!complete) return {Status::progressing, ""};
  return {suspended ? Status::suspended : Status::healthy, std::move(message)};
}

}  // namespace holdfast::health
