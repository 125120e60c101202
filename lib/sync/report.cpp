// SPDX-License-Identifier: Apache-2.0
#include "sync/report.h"

#include <algorithm>
#include <set>

#include "sync/kinds.h"
#include "sync/names.h"

namespace holdfast::sync {
namespace {

Value strings(const std::vector<std::string>& texts) {
  Array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

void set_or_erase(Value& object, std::string_view key, Value value, bool present) {
  if (!object.is_object()) object = Object{};
  if (present) {
    object[key] = std::move(value);
  } else {
    object.as_object()->erase(key);
  }
}

Value encode_row(const Row& row) {
  Object object{{"kind", row.key.kind}, {"name", row.key.name}, {"version", row.version}};
  if (!row.key.group.empty()) object.set("group", row.key.group);
  if (!row.key.namespace_.empty()) object.set("namespace", row.key.namespace_);
  if (!row.status.empty()) object.set("status", row.status);
  if (row.hook) object.set("hook", true);
  if (row.requires_pruning) object.set("requiresPruning", true);
  if (row.requires_confirmation) object.set("requiresDeletionConfirmation", true);
  if (row.wave != 0) object.set("syncWave", row.wave);
  if (row.health) {
    Object health{{"status", health::to_string(row.health->status)}};
    if (!row.health->message.empty()) health.set("message", row.health->message);
    object.set("health", std::move(health));
  }
  return object;
}

void set_health(Value& status, std::string_view health, std::string_view message, WallTime now) {
  if (status.text({"health", "status"}) != health) {
    status["health"] = Object{{"lastTransitionTime", format_rfc3339(now)}, {"status", health}};
  }
  set_or_erase(status["health"], "message", message, !message.empty());
}

Value compared_to(const Application& application) {
  Object object;
  const Value& spec = application.spec();
  if (const Value* destination = spec.find("destination")) object.set("destination", *destination);
  if (application.multi_source) {
    object.set("sources", *spec.find("sources"));
  } else if (const Value* source = spec.find("source")) {
    object.set("source", *source);
  }
  if (!application.ignore_raw.is_null()) object.set("ignoreDifferences", application.ignore_raw);
  return object;
}

Value find_transition(const Value& conditions, const Condition& condition, WallTime now) {
  if (const auto* array = conditions.as_array()) {
    for (const auto& each : *array) {
      if (each.text({"type"}) != condition.type || each.text({"message"}) != condition.message) continue;
      if (const Value* time = each.find("lastTransitionTime")) return *time;
    }
  }
  return format_rfc3339(now);
}

bool has_child_applications(const Judgement& judgement) {
  return std::ranges::any_of(judgement.rows, [](const Row& row) {
    return is_application(row.key);
  });
}

bool counts(const Value& live, std::initializer_list<std::string_view> path) {
  return int_of(live.find_path(path), 0) > 0;
}

// The pods of a Job that exceeded its deadline are deleted, those of one that failed stay.
bool ran_out_of_time(const Value& job) {
  const Value* conditions = job.find_path({"status", "conditions"});
  const auto* array = conditions == nullptr ? nullptr : conditions->as_array();
  return array != nullptr && std::ranges::any_of(*array, [](const Value& each) {
           return each.text({"reason"}) == "DeadlineExceeded";
         });
}

}  // namespace

// Upstream lists what pods use. A controller's status tells whether it has pods.
bool has_pods(const Value& live) {
  const auto kind = live.text({"kind"});
  if (kind == "DaemonSet") return counts(live, {"status", "currentNumberScheduled"});
  if (kind == "CronJob") return false;
  if (kind != "Job") return kind == "Pod" || counts(live, {"status", "replicas"});
  return counts(live, {"status", "active"}) || counts(live, {"status", "succeeded"}) ||
         (counts(live, {"status", "failed"}) && !ran_out_of_time(live));
}

std::vector<std::string> live_images(const std::vector<Delta>& deltas) {
  std::set<std::string> images;
  for (const auto& delta : deltas) {
    if (delta.live == nullptr || !has_pods(*delta.live)) continue;
    for (auto& image : images_of(*delta.live)) images.insert(std::move(image));
  }
  return {images.begin(), images.end()};
}

Value report_comparison(Value status, const Application& application, const Comparison& comparison,
                        const Judgement& judgement, WallTime now) {
  if (!status.is_object()) status = Object{};
  Object sync{{"comparedTo", compared_to(application)}, {"status", judgement.sync}};
  if (application.multi_source) {
    // Several sources that cannot all be rendered have no revisions, one has the text that was asked for.
    if (!comparison.source_types.empty()) sync.set("revisions", strings(comparison.revisions));
  } else if (!comparison.revisions.empty() && !comparison.revisions.front().empty()) {
    sync.set("revision", comparison.revisions.front());
  }
  status["sync"] = std::move(sync);
  set_health(status, health::to_string(judgement.health), judgement.health_message, now);
  Array rows;
  for (const auto& row : judgement.rows) rows.push_back(encode_row(row));
  const bool any_row = !rows.empty();
  set_or_erase(status, "resources", std::move(rows), any_row);
  const auto& types = comparison.source_types;
  set_or_erase(status, "sourceTypes", strings(types), application.multi_source && !types.empty());
  const std::string_view type = types.empty() ? std::string_view() : types.front();
  set_or_erase(status, "sourceType", type, !application.multi_source && !type.empty());
  Value summary = Object{};
  if (!comparison.images.empty()) summary["images"] = strings(comparison.images);
  if (has_child_applications(judgement)) summary["isAppOfApps"] = true;
  status["summary"] = std::move(summary);
  status["controllerNamespace"] = application.control_namespace;
  return status;
}

Value report_refusal(Value status, WallTime now) {
  if (!status.is_object()) status = Object{};
  status["sync"]["status"] = "Unknown";
  Value& compared = status["sync"]["comparedTo"];
  if (!compared.is_object()) compared = Object{{"destination", Object{}}};
  set_health(status, "Unknown", "", now);
  return status;
}

Value report_conditions(Value status, const std::vector<Condition>& conditions,
                        const std::vector<std::string_view>& types, WallTime now) {
  if (!status.is_object()) status = Object{};
  const Value* found = status.find("conditions");
  const Value before = found == nullptr ? Value(Array{}) : *found;
  Array kept;
  for (const auto& each : *before.as_array()) {
    if (std::ranges::find(types, each.text({"type"})) == types.end()) kept.push_back(each);
  }
  for (const auto& each : conditions) {
    kept.emplace_back(Object{{"lastTransitionTime", find_transition(before, each, now)},
                             {"message", each.message},
                             {"type", each.type}});
  }
  std::ranges::stable_sort(kept, {}, [](const Value& each) {
    return std::pair(each.text({"type"}), each.text({"message"}));
  });
  const bool any = !kept.empty();
  set_or_erase(status, "conditions", std::move(kept), any);
  return status;
}

Value report_history(Value status, const Application& application, const OperationState& state,
                     const Operation& operation, WallTime now) {
  Array entries;
  if (const Value* found = status.find("history"); found != nullptr && found->as_array() != nullptr) {
    entries = *found->as_array();
  }
  const std::int64_t next = entries.empty() ? 0 : int_of(entries.back().find("id"), 0) + 1;
  Object entry{{"deployStartedAt", format_rfc3339(state.started)},
               {"deployedAt", format_rfc3339(now)},
               {"id", next}};
  if (!operation.initiated_by.is_null()) entry.set("initiatedBy", operation.initiated_by);
  if (state.multi_source) {
    entry.set("revisions", strings(state.revisions));
    entry.set("sources", state.sources);
  } else {
    if (!state.revisions.empty() && !operation.brings_manifests) entry.set("revision", state.revisions.front());
    if (state.sources.is_object()) entry.set("source", state.sources);
  }
  entries.emplace_back(std::move(entry));
  while (entries.size() > application.history_limit) entries.erase(entries.begin());
  const bool any = !entries.empty();
  set_or_erase(status, "history", std::move(entries), any);
  return status;
}

}  // namespace holdfast::sync
