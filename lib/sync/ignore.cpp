// SPDX-License-Identifier: Apache-2.0
#include "sync/ignore.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <utility>

#include "base/glob.h"
#include "base/text.h"
#include "sync/fields.h"
#include "value/json.h"

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

// What is at `place` becomes the value; an index that is the list's size makes a new item.
void put(Value& document, const JqPlace& place, const Value& value) {
  Value* here = &document;
  for (const auto& step : place) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      here = &(*here)[*name];
      continue;
    }
    Array& array = *here->as_array();
    const auto index = std::get<std::size_t>(step);
    if (index == array.size()) array.emplace_back();
    here = &array[index];
  }
  *here = value;
}

bool is_status(const JqPlace& place) { return !place.empty() && place.front() == JqStep(std::string("status")); }

bool starts_with(const JqPlace& place, const JqPlace& start) {
  return place.size() >= start.size() && std::equal(start.begin(), start.end(), place.begin());
}

// Finds what one object has at a place in another one. An item of a list is found by what names it, wherever it
// stands: a container that was injected has moved the others.
class Counterpart {
 public:
  Counterpart(const Value& live, const Value& target)
      : live_(live), target_(target), owned_(owned_fields(live, [](const ManagerEntry&) { return true; })) {}

  // Nothing when the list that would hold it has no such item; a whole item is then a new one at its end.
  [[nodiscard]] std::optional<JqPlace> find(const JqPlace& place) const {
    JqPlace found;
    const Value *live = &live_, *target = &target_, *fields = &owned_;
    for (std::size_t i = 0; i < place.size(); ++i) {
      if (const auto* name = std::get_if<std::string>(&place[i])) {
        if (target != nullptr && !target->is_object() && !target->is_null()) return std::nullopt;
        found.emplace_back(*name);
        live = member(live, *name);
        target = member(target, *name);
        fields = member(fields, "f:" + *name);
        continue;
      }
      const auto* items = target == nullptr ? nullptr : target->as_array();
      if (items == nullptr) return std::nullopt;
      live = &live->as_array()->at(std::get<std::size_t>(place[i]));
      const auto index = item_like(*items, *live, std::get<std::size_t>(place[i]), fields);
      if (index == items->size() && i + 1 < place.size()) return std::nullopt;
      found.emplace_back(index);
      target = index < items->size() ? &(*items)[index] : nullptr;
      fields = fields_of_item(fields, *live);
    }
    return found;
  }

 private:
  static const Value* member(const Value* value, const std::string& name) { return value == nullptr ? nullptr : value->find(name); }

  using Use = std::function<bool(const Value& key, const Value& fields)>;

  // The keys by which the managers' entries name items, until one is of use.
  static void for_each_key(const Value* fields, const Use& use) {
    if (fields == nullptr || fields->as_object() == nullptr) return;
    for (const auto& each : *fields->as_object()) {
      if (!each.key.starts_with("k:")) continue;
      const auto key = json::parse(std::string_view(each.key).substr(2), "managedFields");
      if (key && key->as_object() != nullptr && use(*key, each.value)) return;
    }
  }

  static std::vector<std::string> keys_of(const Value* fields) {
    std::vector<std::string> names;
    for_each_key(fields, [&](const Value& key, const Value&) {
      for (const auto& part : *key.as_object()) names.push_back(part.key);
      return true;
    });
    return names;
  }

  static const Value* fields_of_item(const Value* fields, const Value& live) {
    const Value* found = nullptr;
    for_each_key(fields, [&](const Value& key, const Value& inner) {
      const bool same = std::ranges::all_of(*key.as_object(), [&](const auto& part) {
        const Value* held = live.find(part.key);
        return held != nullptr && *held == part.value;
      });
      if (same) found = &inner;
      return same;
    });
    return found;
  }

  static std::size_t item_like(const Array& items, const Value& live, std::size_t index, const Value* fields) {
    auto names = keys_of(fields);
    if (names.empty() && live.find("name") != nullptr) names = {"name"};
    if (!names.empty()) {
      const auto same = [&](const Value& item) { return is_named(item, live, names); };
      return static_cast<std::size_t>(std::ranges::find_if(items, same) - items.begin());
    }
    const bool whole = !live.is_object() && !live.is_array();
    if (whole && std::ranges::find(items, live) != items.end()) {
      return static_cast<std::size_t>(std::ranges::find(items, live) - items.begin());
    }
    return std::min(index, items.size());
  }

  // A member that Git leaves to its default (a port's protocol) is no difference.
  static bool is_named(const Value& item, const Value& live, const std::vector<std::string>& names) {
    bool any = false;
    for (const auto& name : names) {
      const Value *ours = item.find(name), *theirs = live.find(name);
      if (ours == nullptr) continue;
      if (theirs == nullptr || !(*ours == *theirs)) return false;
      any = true;
    }
    return any;
  }

  const Value& live_;
  const Value& target_;
  Value owned_;
};

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
    auto dropped = places_of(rule, jq, target);
    std::vector<JqPlace> kept;
    const Counterpart counterpart(live, target);  // of the target as it becomes
    for (const auto& place : places_of(rule, jq, live)) {
      const Value* value = is_status(place) ? nullptr : find_place(live, place);
      const auto found = value == nullptr ? std::nullopt : counterpart.find(place);
      if (!found) continue;
      put(target, *found, *value);
      kept.push_back(*found);
    }
    // What is ignored and does not live is not brought back.
    std::erase_if(dropped, [&](const JqPlace& place) {
      return is_status(place) || std::ranges::any_of(kept, [&](const JqPlace& each) { return starts_with(each, place); });
    });
    remove_places(target, std::move(dropped));
    // Fields of other managers: what is not sent is left as it is.
    for (const auto& manager : rule.managers) remove_fields(target, fields_of_manager(live, manager));
  }
}

}  // namespace holdfast::sync
