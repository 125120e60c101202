// SPDX-License-Identifier: Apache-2.0
#include "sync/compare.h"

#include "sync/fields.h"
#include "sync/names.h"
#include "sync/options.h"
#include "sync/wording.h"

namespace holdfast::sync {
namespace {

// What no comparison looks at: the server's own bookkeeping, and mostly status, which Git does not own.
void strip(const Key& key, const Ignore& ignore, Value& object) {
  if (object.as_object() == nullptr) return;
  if (ignore.ignores_status(key)) object.as_object()->erase("status");
  Value* metadata = object.find("metadata");
  if (metadata == nullptr || metadata->as_object() == nullptr) return;
  for (const std::string_view name :
       {"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink"}) {
    metadata->as_object()->erase(name);
  }
  Value* annotations = metadata->find("annotations");
  if (annotations != nullptr && annotations->as_object() != nullptr) {
    annotations->as_object()->erase(names::last_applied);
    if (annotations->as_object()->empty()) metadata->as_object()->erase("annotations");
  }
}

bool array_contains(const Array& live, const Array& target) {
  if (live.size() != target.size()) return false;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (!contains(live[i], target[i])) return false;
  }
  return true;
}

Result<Match> match_target(const Target& target, const Value& live, const Prediction* prediction,
                           const CompareOptions& options) {
  if (prediction != nullptr && prediction->known_equal) return Match::same;
  if (prediction != nullptr && prediction->object != nullptr) {
    const Value& held = prediction->live == nullptr ? live : *prediction->live;
    const bool changed = differs(target.key, held, *prediction->object, options.ignore, options.compared);
    return changed ? Match::modified : Match::same;
  }
  if (prediction != nullptr && prediction->refusal && options.refusals == RefusalPolicy::fail) {
    return failure(Error(*prediction->refusal)
                       .within(wording::calculate_diff));
  }
  Value wanted = *target.object, found = live;
  strip(target.key, options.ignore, wanted);
  strip(target.key, options.ignore, found);
  options.ignore.normalize(target.key, found, wanted);
  return contains(found, wanted) ? Match::same : Match::modified;
}

Delta start_delta(const Target& target, const ObjectPtr& live, const CompareOptions& options) {
  Delta delta;
  delta.key = target.key;
  delta.version = target.version;
  delta.target = target.object;
  delta.live = live;
  delta.wave = target.wave;
  delta.skip = target.hook.skip;
  delta.namespaced = target.namespaced;
  delta.own = live == nullptr || names_itself(*live, target.object.get(), options.tracking);
  return delta;
}

Delta extra_delta(const Key& key, const ObjectPtr& live, const Targets& targets,
                  const CompareOptions& options) {
  Delta delta;
  delta.key = key;
  delta.version = split_api_version(live->text({"apiVersion"})).version;
  delta.live = live;
  delta.match = Match::extra;
  delta.namespaced = !key.namespace_.empty();
  delta.hook = hook_of(*live).is_hook;
  delta.own = names_itself(*live, nullptr, options.tracking);
  for (const auto& hook : targets.hooks) {
    if (delta.hook && hook.key == key) delta.wave = hook.wave;
  }
  return delta;
}

}  // namespace

bool contains(const Value& live, const Value& target) {
  if (target.is_null()) return true;
  if (const auto* members = target.as_object()) {
    for (const auto& [key, value] : *members) {
      const Value* found = live.find(key);
      if (found == nullptr ? !(value.is_null() || (value.as_object() != nullptr && value.as_object()->empty()))
                           : !contains(*found, value)) {
        return false;
      }
    }
    return live.is_object() || members->empty();
  }
  if (target.as_array() != nullptr && live.as_array() != nullptr) {
    return array_contains(*live.as_array(), *target.as_array());
  }
  return live == target;
}

bool differs(const Key& key, const Value& live, const Value& predicted, const Ignore& ignore, Compared compared) {
  Value found = live, wanted = predicted;
  if (ignore.concerns(key)) ignore.normalize(key, found, wanted);
  Value fields = applied_fields(predicted, names::field_manager);
  merge_fields(fields, applied_fields(live, names::field_manager));
  strip(key, ignore, found);
  strip(key, ignore, wanted);
  if (found == wanted) return false;
  if (compared == Compared::whole) return true;
  return !(project(found, fields) == project(wanted, fields));
}

Result<std::vector<Delta>> compare(const Targets& targets, const Predictions& predictions,
                                   const Live& live, const CompareOptions& options) {
  std::vector<Delta> deltas;
  Live rest = live;
  for (const auto& target : targets.objects) {
    const auto found = rest.find(target.key);
    const ObjectPtr object = found == rest.end() ? nullptr : found->second;
    Delta delta = start_delta(target, object, options);
    if (object == nullptr) {
      delta.match = Match::missing;
    } else if (!delta.skip) {
      const auto prediction = predictions.find(target.key);
      delta.match = TRY(match_target(target, *object,
                                     prediction == predictions.end() ? nullptr : &prediction->second, options),
                        "{}/{}", target.key.kind, target.key.name);
      delta.exact = delta.match == Match::same && prediction != predictions.end() && prediction->second.known_equal &&
                    !options.ignore.concerns(target.key);
    }
    if (found != rest.end()) rest.erase(found);
    deltas.push_back(std::move(delta));
  }
  for (const auto& [key, object] : rest) deltas.push_back(extra_delta(key, object, targets, options));
  return deltas;
}

}  // namespace holdfast::sync
