// SPDX-License-Identifier: Apache-2.0
#include "sync/target.h"

#include <algorithm>
#include <map>

#include "base/text.h"
#include "sync/names.h"
#include "value/json.h"

namespace holdfast::sync {
namespace {

// FNV-1a: the hash decides only whether a dry run is repeated, so it needs no resistance.
std::uint64_t hash_text(std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

// Kinds that every cluster scopes so, for when discovery cannot say (a CRD in the same commit).
bool cluster_scoped_by_name(std::string_view group, std::string_view kind) {
  static constexpr std::pair<std::string_view, std::string_view> known[] = {
      {"", "Namespace"},
      {"apiextensions.k8s.io", "CustomResourceDefinition"},
      {"rbac.authorization.k8s.io", "ClusterRole"},
      {"rbac.authorization.k8s.io", "ClusterRoleBinding"}};
  return std::ranges::find(known, std::pair(group, kind)) != std::end(known);
}

// Kinds defined by CRDs of the same commit.
FindScope with_own_definitions(const FindScope& find, const std::vector<Value>& manifests) {
  std::map<std::pair<std::string, std::string>, Scope> own;
  for (const auto& object : manifests) {
    if (object.text({"kind"}) != "CustomResourceDefinition") continue;
    const auto group = std::string(object.text({"spec", "group"}));
    const auto kind = std::string(object.text({"spec", "names", "kind"}));
    const bool cluster = object.text({"spec", "scope"}) == "Cluster";
    own.insert_or_assign({group, kind}, cluster ? Scope::cluster : Scope::namespaced);
  }
  return [find, own = std::move(own)](std::string_view group,
                                      std::string_view kind) -> std::optional<Scope> {
    if (const auto served = find(group, kind)) return served;
    const auto found = own.find({std::string(group), std::string(kind)});
    if (found != own.end()) return found->second;
    return cluster_scoped_by_name(group, kind) ? std::optional(Scope::cluster) : std::nullopt;
  };
}

std::string gvk_text(const Key& key, std::string_view version) {
  return fmt::format("{}/{}, Kind={}", key.group, version, key.kind);
}

// stringData is write-only: the server keeps it as base64 in data, and so does a target.
void fold_string_data(Value& object) {
  if (object.text({"kind"}) != "Secret" || object.text({"apiVersion"}) != "v1") return;
  const Value* found = object.find("stringData");
  if (found == nullptr) return;
  const Value texts = *found;
  if (texts.as_object() != nullptr) {
    for (const auto& [key, value] : *texts.as_object()) {
      const auto* text = value.as_string();
      object["data"][key] = text == nullptr ? value : Value(to_base64(*text));  // what is no text the server refuses
    }
  }
  object.as_object()->erase("stringData");
}

// A null says "nothing here" in a manifest; sent to the server it would say more.
void drop_nulls(Value& value) {
  if (auto* items = value.as_array()) {
    for (auto& each : *items) drop_nulls(each);
    return;
  }
  auto* members = value.as_object();
  if (members == nullptr) return;
  Object kept;
  for (auto& member : *members) {
    if (member.value.is_null()) continue;
    drop_nulls(member.value);
    kept.append(std::move(member.key), std::move(member.value));
  }
  kept.sort();
  *members = std::move(kept);
}

Target make_target(const AdoptOptions& options, const FindScope& scope, Value object) {
  Target target;
  Key key = key_of(object);
  target.version = split_api_version(object.text({"apiVersion"})).version;
  target.namespaced = scope(key.group, key.kind).value_or(Scope::namespaced) == Scope::namespaced;
  if (!target.namespaced) {
    if (Value* metadata = object.find("metadata"); metadata != nullptr && metadata->is_object()) {
      metadata->as_object()->erase("namespace");
    }
    key.namespace_.clear();
  } else if (key.namespace_.empty()) {
    if (!options.namespace_.empty()) object["metadata"]["namespace"] = options.namespace_;
    key.namespace_ = options.namespace_;
  }
  drop_nulls(object);
  fold_string_data(object);
  track(object, options.application, options.namespace_, options.tracking);
  target.key = std::move(key);
  target.hook = hook_of(object);
  target.wave = wave_of(object);
  target.hash = hash_text(json::write(object, json::Escape::plain));
  // A copy: it is held for long, and takes no more room than it needs.
  target.object = std::make_shared<const Value>(std::as_const(object));
  return target;
}

}  // namespace

PackedTargets::PackedTargets(const Targets& targets) : bare_(targets) {
  const auto pack = [](std::vector<Target>& list, std::vector<Packed>& packed) {
    packed.reserve(list.size());
    for (auto& target : list) packed.emplace_back(*std::exchange(target.object, nullptr));
  };
  pack(bare_.objects, objects_);
  pack(bare_.hooks, hooks_);
}

Targets PackedTargets::unpack() const {
  Targets targets = bare_;
  const auto unpack = [](std::vector<Target>& list, const std::vector<Packed>& packed) {
    for (std::size_t i = 0; i < list.size(); ++i) list[i].object = std::make_shared<const Value>(packed[i].unpack());
  };
  unpack(targets.objects, objects_);
  unpack(targets.hooks, hooks_);
  return targets;
}

std::uint64_t hash_of(const Value& value) { return hash_text(json::write(value, json::Escape::plain)); }

Targets adopt(const AdoptOptions& options, std::vector<Value> manifests) {
  Targets targets;
  const FindScope scope = with_own_definitions(options.scope, manifests);
  std::map<Key, std::size_t> seen;  // to the index in `all`
  std::map<Key, int> times;
  std::vector<Target> all;
  for (auto& manifest : manifests) {
    Target target = make_target(options, scope, std::move(manifest));
    targets.scopes.insert_or_assign({target.key.group, target.key.kind}, target.namespaced ? Scope::namespaced : Scope::cluster);
    if (target.key.name.empty()) {  // generateName: two of them are two objects
      all.push_back(std::move(target));
      continue;
    }
    ++times[target.key];
    const auto [place, fresh] = seen.try_emplace(target.key, all.size());
    if (fresh) {
      all.push_back(std::move(target));
    } else {
      all[place->second] = std::move(target);
    }
  }
  for (const auto& [key, count] : times) {
    if (count < 2) continue;
    targets.conditions.push_back(
        {"RepeatedResourceWarning",
         fmt::format("Resource {} appeared {} times among application resources.", to_string(key), count)});
  }
  for (auto& target : all) {
    if (options.excluded && options.excluded(target.key.group, target.key.kind)) {
      targets.conditions.push_back({"ExcludedResourceWarning",
                                    fmt::format("Resource {}/{} {} is excluded in the settings",
                                                target.key.group, target.key.kind, target.key.name)});
      continue;
    }
    if (target.hook.ignored) continue;
    if (target.namespaced && target.key.namespace_.empty()) {
      targets.conditions.push_back(
          {"InvalidSpecError", fmt::format("Namespace for {} {} is missing.", target.key.name,
                                           gvk_text(target.key, target.version))});
    }
    (target.hook.is_hook ? targets.hooks : targets.objects).push_back(std::move(target));
  }
  std::ranges::stable_sort(targets.objects, {}, &Target::key);
  return targets;
}

bool scopes_hold(const Targets& targets, const FindScope& scope) {
  return std::ranges::all_of(targets.scopes, [&](const auto& taken) {
    const auto& [kind, then] = taken;
    return scope(kind.first, kind.second).value_or(then) == then;
  });
}

}  // namespace holdfast::sync
