// SPDX-License-Identifier: Apache-2.0
#include "kube/events.h"

#include "base/log.h"

#include <algorithm>

namespace holdfast::kube {
namespace {

constexpr std::size_t message_max = 1024;  // the API server's limit
constexpr std::size_t remembered_max = 4096;
constexpr Duration remembered_for = std::chrono::minutes(10);
constexpr double burst = 25;
constexpr Duration refill = std::chrono::minutes(5);  // of one token

std::string_view text_of(EventType type) {
  switch (type) {
    case EventType::normal: return "Normal";
    case EventType::warning: return "Warning";
  }
  std::unreachable();
}

// Events about cluster-scoped objects live in "default", as client-go puts them.
std::string namespace_of(const Remark& remark) {
  return remark.about.namespace_.empty() ? "default" : remark.about.namespace_;
}

std::string cut_message(const std::string& message) {
  if (message.size() <= message_max) return message;
  std::size_t end = message_max - 3;
  while (end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U)
    --end;
  return message.substr(0, end) + "...";
}

// What was longest unused goes first.
template <class Map>
void bound(Map& map) {
  if (map.size() <= remembered_max) return;
  map.erase(std::ranges::min_element(map, {}, [](const auto& entry) { return entry.second.last; }));
}

}  // namespace

void EventRecorder::record(const Remark& remark) {
  if (!spend(remark)) return;
  const std::string key = fmt::format("{}\n{}\n{}\n{}\n{}", to_string(remark.about), remark.uid,
                                      text_of(remark.type), remark.reason, remark.message);
  const auto written = write(remark, key);
  if (!written) log::debug("event was not written", {{"cause", written.error().message()}});
}

bool EventRecorder::spend(const Remark& remark) {
  const SteadyTime now = client_.clock().steady();
  auto state = state_.lock();
  auto [entry, is_new] = state->budgets.try_emplace(remark.uid + to_string(remark.about));
  Budget& budget = entry->second;
  if (is_new) {
    budget.tokens = burst;
  } else {
    const std::chrono::duration<double> since = now - budget.last;
    budget.tokens = std::min(burst, budget.tokens + since / std::chrono::duration<double>(refill));
  }
  budget.last = now;
  if (budget.tokens < 1) return false;
  budget.tokens -= 1;
  bound(state->budgets);
  return true;
}

Result<> EventRecorder::write(const Remark& remark, const std::string& key) {
  const SteadyTime now = client_.clock().steady();
  const std::string time = format_rfc3339(client_.clock().wall());
  std::string name;
  std::int64_t count = 0;
  {
    auto state = state_.lock();
    const auto known = state->written.find(key);
    if (known != state->written.end() && now - known->second.last < remembered_for) {
      known->second.last = now;
      name = known->second.name;
      count = ++known->second.count;
    }
  }
  const std::string space = namespace_of(remark);
  if (!name.empty()) {
    const Value patch(Object{{"count", count}, {"lastTimestamp", time}});
    auto bumped = client_.patch({"", "v1", "Event", space, name}, PatchType::merge, patch);
    if (bumped) return {};
    // The server forgets Events after an hour; then it is a new one.
    if (bumped.error().code() != Code::object_missing) return failure(std::move(bumped).error());
  }
  const auto nanoseconds = client_.clock().wall().time_since_epoch().count();
  name = fmt::format("{}.{:x}", remark.about.name, nanoseconds);
  TRY(client_.create(new_event(remark, name, time)));
  auto state = state_.lock();
  state->written[key] = {.name = name, .count = 1, .last = now};
  bound(state->written);
  return {};
}

Value EventRecorder::new_event(const Remark& remark, const std::string& name,
                               const std::string& time) const {
  Value event(Object{{"apiVersion", "v1"}, {"kind", "Event"}});
  event["metadata"] = Object{{"name", name}, {"namespace", namespace_of(remark)}};
  auto& about = event["involvedObject"];
  about["apiVersion"] = remark.about.api_version();
  about["kind"] = remark.about.kind;
  about["name"] = remark.about.name;
  if (!remark.about.namespace_.empty()) about["namespace"] = remark.about.namespace_;
  if (!remark.uid.empty()) about["uid"] = remark.uid;
  if (!remark.resource_version.empty()) about["resourceVersion"] = remark.resource_version;
  event["type"] = text_of(remark.type);
  event["reason"] = remark.reason;
  event["message"] = cut_message(remark.message);
  event["count"] = 1;
  event["firstTimestamp"] = time;
  event["lastTimestamp"] = time;
  event["source"]["component"] = component_;
  event["reportingComponent"] = component_;
  event["reportingInstance"] = instance_;
  return event;
}

}  // namespace holdfast::kube
