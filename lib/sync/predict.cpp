// SPDX-License-Identifier: Apache-2.0
#include "sync/predict.h"

#include "sync/fields.h"
#include "sync/names.h"

namespace holdfast::sync {
namespace {

constexpr int in_flight = 16;

bool same_version(const Value& target, const Value& live) {
  return target.text({"apiVersion"}) == live.text({"apiVersion"});
}

kube::Identity identity_of(const Target& target) {
  return {target.key.group, target.version, target.key.kind, target.key.namespace_, target.key.name};
}

Prediction equal_prediction() {
  return {.object = nullptr, .refusal = std::nullopt, .live = nullptr, .known_equal = true};
}

}  // namespace

std::uint64_t fingerprint(const Value& live) {
  const Value fields = applied_fields(live, names::field_manager);
  if (fields.as_object()->empty()) return hash_of(live);
  const Value both = Array{fields, project(live, fields), live.text({"metadata", "deletionTimestamp"})};
  return hash_of(both);
}

Predictions Predictor::predict(const std::string& application, const Targets& targets, const Live& live) {
  Predictions predictions;
  std::vector<const Target*> asked;
  std::vector<std::uint64_t> prints;
  {
    auto known = known_.lock();
    auto& table = (*known)[application];
    for (const auto& target : targets.objects) {
      const auto found = live.find(target.key);
      if (found == live.end() || target.hook.skip) continue;
      const auto print = fingerprint(*found->second);
      const auto entry = table.find(target.key);
      if (entry != table.end() && entry->second.target == target.hash && entry->second.live == print) {
        predictions[target.key] = entry->second.prediction;
        continue;
      }
      if (is_applied(*found->second, *target.object, names::field_manager)) {
        predictions[target.key] = equal_prediction();
        table[target.key] = {target.hash, print, equal_prediction()};
        continue;
      }
      asked.push_back(&target);
      prints.push_back(print);
    }
  }
  std::vector<Value> objects;
  for (const auto* target : asked) objects.push_back(*target->object);
  const kube::ApplyOptions options{.field_manager = std::string(names::field_manager),
                                   .force = kube::Force::yes,
                                   .dry_run = kube::DryRun::yes,
                                   .validation = kube::FieldValidation::ignore};
  requests_ += objects.size();
  auto answers = client_.apply_all(objects, options, in_flight);
  std::map<Key, Known> learnt;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    Prediction& prediction = predictions[asked[i]->key];
    const ObjectPtr& held = live.at(asked[i]->key);
    if (!same_version(objects[i], *held)) {
      auto converted = client_.get(identity_of(*asked[i]));
      if (converted) prediction.live = std::make_shared<const Value>(*std::move(converted));
    }
    if (answers[i]) {
      prediction.object = std::make_shared<const Value>(*std::move(answers[i]));
      learnt[asked[i]->key] = {asked[i]->hash, prints[i], prediction};
    } else {
      prediction.refusal = std::move(answers[i]).error();
    }
  }
  auto known = known_.lock();
  auto& table = (*known)[application];
  for (const auto* target : asked) table.erase(target->key);
  table.merge(learnt);
  return predictions;
}

void Predictor::remember(const std::string& application, const Targets& targets,
                         const std::vector<Delta>& deltas) {
  std::map<Key, const Target*> by_key;
  for (const auto& target : targets.objects) by_key[target.key] = &target;
  auto known = known_.lock();
  auto& table = (*known)[application];
  for (const auto& delta : deltas) {
    const auto target = by_key.find(delta.key);
    if (target == by_key.end() || delta.match != Match::same || delta.live == nullptr || delta.skip) continue;
    const auto found = table.find(delta.key);
    if (found == table.end() || found->second.prediction.known_equal) continue;
    // Equal by the predicted object: that object itself is not needed any more.
    found->second.prediction = equal_prediction();
  }
  std::erase_if(table, [&](const auto& each) { return !by_key.contains(each.first); });
}

void Predictor::note_applied(const std::string& application, const Target& target, const Value& live) {
  const auto print = fingerprint(live);
  (*known_.lock())[application][target.key] = {target.hash, print, equal_prediction()};
}

void Predictor::forget(const std::string& application) { known_.lock()->erase(application); }

}  // namespace holdfast::sync
