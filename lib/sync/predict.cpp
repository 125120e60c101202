// SPDX-License-Identifier: Apache-2.0
#include "sync/predict.h"

#include "sync/fields.h"
#include "sync/names.h"

namespace holdfast::sync {
namespace {

constexpr int in_flight = 32;

bool same_version(const Value& target, const Value& live) {
  return target.text({"apiVersion"}) == live.text({"apiVersion"});
}

kube::Identity identity_of(const Target& target) {
  return {target.key.group, target.version, target.key.kind, target.key.namespace_, target.key.name};
}

std::string version_of(const Value& live) { return std::string(live.text({"metadata", "resourceVersion"})); }

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

std::shared_ptr<Predictor::Table> Predictor::table_of(const std::string& application) {
  auto known = known_.lock();
  auto& table = (*known)[application];
  if (table == nullptr) table = std::make_shared<Table>();
  return table;
}

Predictions Predictor::predict(const std::string& application, const Targets& targets, const Live& live, Ask ask) {
  Predictions predictions;
  std::vector<const Target*> asked;
  std::vector<std::uint64_t> prints;
  const auto table = table_of(application);
  for (const auto& target : targets.objects) {
    const auto found = live.find(target.key);
    if (found == live.end() || target.hook.skip) continue;
    auto version = version_of(*found->second);
    const auto entry = table->find(target.key);
    const bool known = entry != table->end() && entry->second.target == target.hash;
    const auto print = known && entry->second.version == version ? entry->second.live : fingerprint(*found->second);
    if (known && entry->second.live == print) {
      entry->second.version = std::move(version);
      predictions[target.key] = entry->second.prediction;
      continue;
    }
    if (ask == Ask::where_unknown && is_applied(*found->second, *target.object, names::field_manager)) {
      predictions[target.key] = equal_prediction();
      (*table)[target.key] = {target.hash, print, std::move(version), equal_prediction()};
      continue;
    }
    asked.push_back(&target);
    prints.push_back(print);
  }
  std::vector<Value> objects;
  for (const auto* target : asked) objects.push_back(*target->object);
  const kube::ApplyOptions options{.field_manager = std::string(names::field_manager),
                                   .force = kube::Force::yes,
                                   .dry_run = kube::DryRun::yes,
                                   .validation = kube::FieldValidation::ignore};
  requests_ += objects.size();
  auto answers = client_.apply_all(objects, options, in_flight);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    table->erase(asked[i]->key);
    Prediction& prediction = predictions[asked[i]->key];
    const ObjectPtr& held = live.at(asked[i]->key);
    if (!same_version(objects[i], *held)) {
      auto converted = client_.get(identity_of(*asked[i]));
      if (converted) prediction.live = std::make_shared<const Value>(*std::move(converted));
    }
    if (answers[i]) {
      prediction.object = std::make_shared<const Value>(*std::move(answers[i]));
      (*table)[asked[i]->key] = {asked[i]->hash, prints[i], version_of(*held), prediction};
    } else {
      prediction.refusal = std::move(answers[i]).error();
    }
  }
  return predictions;
}

void Predictor::remember(const std::string& application, const Targets& targets,
                         const std::vector<Delta>& deltas) {
  std::map<Key, const Target*> by_key;
  for (const auto& target : targets.objects) by_key[target.key] = &target;
  const auto table = table_of(application);
  for (const auto& delta : deltas) {
    const auto target = by_key.find(delta.key);
    if (target == by_key.end() || delta.match != Match::same || delta.live == nullptr || delta.skip) continue;
    const auto found = table->find(delta.key);
    if (found == table->end() || found->second.prediction.known_equal) continue;
    // Equal by the predicted object: that object itself is not needed any more.
    found->second.prediction = equal_prediction();
  }
  std::erase_if(*table, [&](const auto& each) { return !by_key.contains(each.first); });
}

void Predictor::note_applied(const std::string& application, const Target& target, const Value& live) {
  (*table_of(application))[target.key] = {target.hash, fingerprint(live), version_of(live), equal_prediction()};
}

void Predictor::forget(const std::string& application) { known_.lock()->erase(application); }

}  // namespace holdfast::sync
