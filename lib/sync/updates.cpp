// SPDX-License-Identifier: Apache-2.0
#include "sync/updates.h"

#include "sync/report.h"

namespace holdfast::sync {
namespace {

bool same_health(const std::optional<health::Health>& left, const std::optional<health::Health>& right) {
  if (!left || !right) return left.has_value() == right.has_value();
  return left->status == right->status && left->message == right->message;
}

}  // namespace

void strip_bookkeeping(Value& object) {
  Value* metadata = object.find("metadata");
  if (metadata == nullptr || metadata->as_object() == nullptr) return;
  for (const std::string_view name : {"resourceVersion", "generation", "managedFields"}) metadata->as_object()->erase(name);
}

Result<Updates> Updates::make(std::vector<IgnoreRule> rules) {
  Updates updates;
  updates.rules_ = TRY(Ignore::make(std::move(rules)));
  return updates;
}

bool Updates::ignores(const Key& key, const Value& before, const Value& after, const Assess& assess) const {
  if (!rules_.concerns(key)) return false;
  Value then = before, now = after;
  rules_.normalize(key, then, now);
  strip_bookkeeping(then);
  strip_bookkeeping(now);
  if (!(then == now)) return false;
  return has_pods(before) == has_pods(after) && same_health(assess(before), assess(after));
}

}  // namespace holdfast::sync
