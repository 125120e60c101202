// SPDX-License-Identifier: Apache-2.0
#include "sync/ignore.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/text.h"
#include "sync/fields.h"
#include "base/glob.h"

namespace holdfast::sync {
namespace {

bool applies(const IgnoreRule& rule, const Key& key) {
  return glob_match(rule.group, key.group) && glob_match(rule.kind, key.kind) &&
         (rule.name.empty() || rule.name == key.name) &&
         (rule.namespace_.empty() || rule.namespace_ == key.namespace_);
}

bool is_of(const KnownType& known, const Key& key) { return glob_match(known.group, key.group) && glob_match(known.kind, key.kind); }

bool is_role(const Key& key) { return key.group == "rbac.authorization.k8s.io" && (key.kind == "ClusterRole" || key.kind == "Role"); }

// RFC 6901; a path through a missing member leads nowhere.
std::optional<JqPlace> place_of(std::string_view pointer, const Value& document) {
  if (pointer.empty() || pointer.front() != '/') return std::nullopt;
  JqPlace place;
  const Value* here = &document;
  for (const auto part : split(pointer.substr(1), '/')) {
    const auto name = replace_all(replace_all(std::string(part), "~1", "/"), "~0", "~");
    if (const auto* array = here->as_array()) {
      std::size_t index = 0;
      const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), index);
      if (code != std::errc{} || end != name.data() + name.size() || index >= array->size()) return std::nullopt;
      place.emplace_back(index);
      here = &(*array)[index];
      continue;
    }
    here = here->find(name);
    if (here == nullptr) return std::nullopt;
    place.emplace_back(name);
  }
  return place;
}

std::vector<JqPlace> places_of(const IgnoreRule& rule, const std::vector<JqPath>& jq, const Value& document) {
  std::vector<JqPlace> places;
  for (const auto& pointer : rule.pointers) {
    if (auto place = place_of(pointer, document)) places.push_back(std::move(*place));
  }
  for (const auto& path : jq) {
    for (auto& place : path.select(document)) places.push_back(std::move(place));
  }
  return places;
}

void put(Value& document, const JqPlace& place, const Value& value) {
  Value* here = &document;
  for (const auto& step : place) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      here = &(*here)[*name];
      continue;
    }
    auto* array = here->as_array();
    const auto index = std::get<std::size_t>(step);
    if (array == nullptr || index >= array->size()) return;  // the item is not in Git: nothing to keep
    here = &(*array)[index];
  }
  *here = value;
}

}  // namespace

Result<Ignore> Ignore::make(std::vector<IgnoreRule> rules, Equalities equalities) {
  Ignore ignore;
  ignore.equalities_ = std::move(equalities);
  for (auto& rule : rules) {
    Rule parsed;
    for (const auto& text : rule.jq) {
      JqPath path = TRY(JqPath::parse(text));
      parsed.jq.push_back(std::move(path));
    }
    parsed.rule = std::move(rule);
    ignore.rules_.push_back(std::move(parsed));
  }
  return ignore;
}

bool Ignore::concerns(const Key& key) const {
  return std::ranges::any_of(rules_, [&](const Rule& each) { return applies(each.rule, key); }) ||
         std::ranges::any_of(equalities_.known_types, [&](const KnownType& each) { return is_of(each, key); }) ||
         (equalities_.aggregated_rules && is_role(key));
}

bool Ignore::ignores_status(const Key& key) const {
  switch (equalities_.status) {
    case StatusIgnored::all: return true;
    case StatusIgnored::definitions: return key.group == "apiextensions.k8s.io" && key.kind == "CustomResourceDefinition";
    case StatusIgnored::none: return false;
  }
  std::unreachable();
}

void Ignore::normalize(const Key& key, Value& live, Value& predicted) const {
  for (const auto& [rule, jq] : rules_) {
    if (!applies(rule, key)) continue;
    Value fields = Object{};
    for (const auto& manager : rule.managers) merge_fields(fields, fields_of_manager(live, manager));
    for (Value* side : {&live, &predicted}) {
      remove_places(*side, places_of(rule, jq, *side));
      remove_fields(*side, fields);
    }
  }
  for (const auto& known : equalities_.known_types) {
    if (!is_of(known, key)) continue;
    for (Value* side : {&live, &predicted}) normalize_known_type(known, *side);
  }
  const bool aggregated = live.find("aggregationRule") != nullptr || predicted.find("aggregationRule") != nullptr;
  if (equalities_.aggregated_rules && aggregated && is_role(key)) {
    for (Value* side : {&live, &predicted}) side->as_object()->erase("rules");
  }
}

void Ignore::respect(const Key& key, const Value& live, Value& target) const {
  for (const auto& [rule, jq] : rules_) {
    if (!applies(rule, key)) continue;
    auto places = places_of(rule, jq, live);
    for (const auto& place : places) {
      if (!place.empty() && place.front() == JqStep(std::string("status"))) continue;
      if (const Value* value = find_place(live, place)) put(target, place, *value);
    }
    // Fields of other managers: what is not sent is left as it is.
    for (const auto& manager : rule.managers) remove_fields(target, fields_of_manager(live, manager));
  }
}

}  // namespace holdfast::sync
