// SPDX-License-Identifier: Apache-2.0
#include "kustomize/transformers.h"

#include "base/text.h"
#include "kustomize/field_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace holdfast::kustomize {
namespace {

// A setter's failure says which resource it was.
Result<> visit(Resource& resource, const FieldSpec& spec, Create create, const SetField& set) {
  auto done = visit_fields(resource.body, spec, create, set);
  if (!done) return failure(std::move(done).error().at(describe(resource)).at(resource.at));
  return {};
}

std::unexpected<Error> not_a_scalar(const Value& value) {
  return failure(Code::wrong_type, "the field is {}, it must be a text", type_of(value));
}

bool is_scalar(const Value& value) {
  return !value.is_object() && !value.is_array();
}

bool keeps_its_name(const Gvk& gvk) {
  return gvk.kind == "CustomResourceDefinition" || gvk.kind == "Namespace" ||
         (gvk.kind == "APIService" && gvk.group == "apiregistration.k8s.io");
}

enum class Side { front, back };

Result<> add_affix(ResourceSet& resources, const std::string& affix, const FieldSpecs& specs,
                   Side side) {
  for (std::size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    const auto id = resource.original_id();
    if (keeps_its_name(id.gvk)) continue;
    for (const auto& spec : specs) {
      if (!is_selected(id.gvk, spec.gvk)) continue;
      if (spec.path == "metadata/name" && !affix.empty()) {
        (side == Side::front ? resource.prefixes : resource.suffixes).push_back(affix);
        resource.remember_id();
      }
      const SetFieldAt set = [&](Value& value, const std::string& pointer) -> Result<> {
        if (!is_scalar(value)) return not_a_scalar(value);
        if (value.is_null()) return {};
        const std::string text = spelled_text(resource, pointer, value);
        value = with_text(value, side == Side::front ? affix + text : text + affix);
        return {};
      };
      auto done = visit_fields_at(resource.body, spec, Create::scalar, set);
      if (!done) return failure(std::move(done).error().at(describe(resource)).at(resource.at));
    }
  }
  resources.renamed_any();
  return {};
}

}  // namespace

Result<> add_prefix(ResourceSet& resources, const std::string& prefix, const FieldSpecs& specs) {
  return add_affix(resources, prefix, specs, Side::front);
}

Result<> add_suffix(ResourceSet& resources, const std::string& suffix, const FieldSpecs& specs) {
  return add_affix(resources, suffix, specs, Side::back);
}

namespace {

bool is_role_binding(std::string_view kind) {
  return kind == "RoleBinding" || kind == "ClusterRoleBinding";
}

class NamespaceSetter {
 public:
  explicit NamespaceSetter(const NamespaceChange& change) : change_(change) {}

  Result<> apply(Resource& resource) const {
    const Gvk gvk = resource.gvk();
    const SetField set = [this](Value& value) { return write(value); };
    if (!is_cluster_scoped(gvk)) {
      static const FieldSpec own{{}, "metadata/namespace", true};
      TRY(visit(resource, own, Create::scalar, set));
    }
    const bool binding = is_role_binding(gvk.kind);
    if (binding) TRY(write_subjects(resource));
    for (const auto& spec : change_.specs) {
      if (spec.path == "metadata/namespace") continue;
      // Only core v1 Namespaces are renamed, other kinds of that name are not.
      if (spec.path == "metadata/name" && api_version_of(resource.body) != "v1") continue;
      if (binding && is_role_binding(spec.gvk.kind) && spec.path == "subjects/namespace") continue;
      TRY(visit(resource, spec, Create::scalar, set));
    }
    return {};
  }

 private:
  Result<> write(Value& value) const {
    if (!is_scalar(value)) return not_a_scalar(value);
    if (change_.overwrite == Overwrite::unset_only && !value.is_null() && !text_of(value).empty())
      return {};
    value = change_.space;
    return {};
  }

  static std::unexpected<Error> not_subjects(const Resource& resource, const Value& value,
                                             std::string_view wanted) {
    const auto pointer = pointer_to(resource.body, &value).value_or("");
    return failure(Error(Code::wrong_type, fmt::format("{} of {} is {}, it must be {}", pointer,
                                                       describe(resource), type_of(value), wanted))
                       .at(place_in(resource, pointer)));
  }

  Result<> write_subjects(Resource& resource) const {
    Value* subjects = resource.body.find("subjects");
    if (subjects == nullptr || subjects->is_null() || change_.subjects == Subjects::none) return {};
    Array* list = subjects->as_array();
    if (list == nullptr) return not_subjects(resource, *subjects, "a list");
    for (auto& subject : *list) {
      if (subject.is_null()) continue;
      if (!subject.is_object()) return not_subjects(resource, subject, "a map");
      const bool by_name = change_.subjects == Subjects::named_default;
      const Value* word = subject.find(by_name ? "name" : "kind");
      if (word == nullptr) continue;
      if (!is_scalar(*word)) return not_subjects(resource, *word, "a text");
      if (text_of(*word) == (by_name ? "default" : "ServiceAccount")) TRY(write(subject["namespace"]));
    }
    return {};
  }

  const NamespaceChange& change_;
};

}  // namespace

Result<> set_namespace_field(Resource& resource, const NamespaceChange& change) {
  return NamespaceSetter(change).apply(resource);
}

Result<> set_namespaces(ResourceSet& resources, const NamespaceChange& change) {
  if (change.space.empty()) return {};
  const NamespaceSetter setter(change);
  for (std::size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    // Helm was given the namespace already.
    if (is_blank(&resource.body) || resource.from_helm) continue;
    resource.remember_id();
    TRY(setter.apply(resource));
  }
  resources.renamed_any();
  const auto twins = resources.twins();
  if (!twins) return {};
  const auto& [first, second] = *twins;
  return failure(Error(Code::kustomize_conflict,
                       fmt::format("namespace \"{}\" makes two resources the same: {}",
                                   change.space, describe(*second)))
                     .at(second->at)
                     .at(first->at)
                     .fix("keep one of them, or give each its own kustomization and namespace"));
}

namespace {

// Writes all pairs into one resource and notes which of them became one node in several places.
class PairSetter {
 public:
  PairSetter(Resource& resource, const Texts& pairs) : resource_(resource), pairs_(pairs) {}

  Result<> apply(const FieldSpecs& specs) {
    for (const auto& spec : specs) {
      auto done = visit_fields_at(
          resource_.body, spec, Create::object,
          [&](Value& map, const std::string& pointer) { return write(map, pointer, spec); });
      if (!done) return failure(std::move(done).error().at(describe(resource_)).at(resource_.at));
    }
    for (auto& [key, maps] : made_) {
      if (maps.size() > 1)
        resource_.shared.push_back(
            {.key = key, .text = pairs_.find(key)->second, .maps = std::move(maps)});
    }
    return {};
  }

 private:
  Result<> write(Value& map, const std::string& pointer, const FieldSpec& spec) {
    if (map.is_null()) return {};
    if (!map.is_object()) {
      return failure(Code::wrong_type, "the field \"{}\" is {}, it must be a map", spec.path,
                     type_of(map));
    }
    for (const auto& [key, text] : pairs_) {
      Value* there = map.find(key);
      if (there == nullptr) {
        if (!is_text_key(key)) return bad_key(key);
        map.as_object()->set(key, text);
        made_[key].push_back(pointer);
        continue;
      }
      keep_quotes(resource_, pointer + "/" + pointer_part(key), *there, text);
      if (pointer == "/metadata/annotations") resource_.typed_annotations.erase(key);
      *there = text;
      if (!resource_.shared.empty()) settle_shared(resource_);
    }
    return {};
  }

  Resource& resource_;
  const Texts& pairs_;
  std::map<std::string, std::vector<std::string>> made_;
};

}  // namespace

Result<> set_pairs(ResourceSet& resources, const Texts& pairs, const FieldSpecs& specs) {
  if (pairs.empty()) return {};
  for (std::size_t i = 0; i < resources.size(); ++i)
    TRY(PairSetter(resources[i], pairs).apply(specs));
  return {};
}

Result<> set_replicas(ResourceSet& resources, const Replica& replica, const FieldSpecs& specs) {
  bool found = false;
  for (const auto& spec : specs) {
    for (std::size_t i = 0; i < resources.size(); ++i) {
      Resource& resource = resources[i];
      const auto fits = [&](const ResourceId& id) {
        return id.name == replica.name && is_selected(id.gvk, spec.gvk);
      };
      if (!fits(resource.id()) && !std::ranges::any_of(resource.earlier_ids(), fits)) continue;
      found = true;
      const auto set = [&](Value& value, const std::string& pointer) -> Result<> {
        if (!is_scalar(value)) return not_a_scalar(value);
        // What stands in quotes keeps them.
        const auto* text = value.as_string();
        const bool quoted = text != nullptr && !text->empty() && text_is_quoted(resource, pointer, *text);
        value = quoted ? Value(std::to_string(replica.count)) : Value(replica.count);
        return {};
      };
      auto done = visit_fields_at(resource.body, spec, Create::scalar, set);
      if (!done) return failure(std::move(done).error().at(describe(resource)).at(resource.at));
    }
  }
  if (found) return {};
  std::vector<std::string> names;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const auto id = resources[i].id();
    const auto fits = [&](const FieldSpec& spec) { return is_selected(id.gvk, spec.gvk); };
    if (std::ranges::any_of(specs, fits)) names.push_back(id.name);
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  const auto near = nearest(replica.name, known);
  return failure(
      Error(Code::kustomize_target,
            fmt::format("replicas names \"{}\", and no Deployment, StatefulSet, ReplicaSet or "
                        "ReplicationController has that name",
                        replica.name))
          .fix(near ? fmt::format("did you mean \"{}\"?", *near)
                    : "correct the name, or use a patch for other kinds"));
}

Result<> sort_resources(ResourceSet& resources, const SortOptions& options) {
  if (options.order != "legacy" && options.order != "fifo") {
    return failure(
        Error(Code::kustomization, fmt::format("sortOptions.order is \"{}\"", printable(options.order)))
            .fix("write one of: fifo, legacy"));
  }
  if (options.order == "fifo") {
    if (!options.legacy) return {};
    return failure(
        Error(Code::kustomization, "sortOptions has legacySortOptions, and its order is \"fifo\"")
            .fix("set order: legacy, or remove legacySortOptions"));
  }
  std::map<std::string, int, std::less<>> ranks;
  if (options.legacy) {
    const auto first = static_cast<int>(options.legacy->first.size());
    for (int i = 0; i < first; ++i)
      ranks[options.legacy->first[static_cast<std::size_t>(i)]] = i - first;
    for (std::size_t i = 0; i < options.legacy->last.size(); ++i)
      ranks[options.legacy->last[i]] = static_cast<int>(i) + 1;
  }

  struct Key {
    int rank;
    bool core_namespace;
    std::string kind_text, id_text;
  };

  std::vector<Key> keys;
  keys.reserve(resources.size());
  for (std::size_t i = 0; i < resources.size(); ++i) {
    const auto id = resources[i].id();
    const auto chosen = ranks.find(id.gvk.kind);
    const int rank = !options.legacy         ? kind_rank(id.gvk.kind)
                     : chosen == ranks.end() ? 0
                                             : chosen->second;
    keys.push_back(
        {.rank = rank,
         .core_namespace = id.gvk.kind == "Namespace" && id.gvk.group.empty(),
         .kind_text = sort_text(id.gvk),
         .id_text = fmt::format("{}|{}|{}", to_string(id.gvk), id.space.empty() ? "~X" : id.space,
                                id.name.empty() ? "~N" : id.name)});
  }
  std::vector<std::size_t> order(resources.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    const Key& x = keys[a];
    const Key& y = keys[b];
    if (x.kind_text != y.kind_text) {
      if (x.rank != y.rank) return x.rank < y.rank;
      // The core Namespace goes before foreign kinds of that name.
      const bool namespaces =
          x.kind_text.ends_with("_Namespace") && y.kind_text.ends_with("_Namespace");
      if (namespaces && (x.core_namespace || y.core_namespace)) return x.kind_text > y.kind_text;
      return x.kind_text < y.kind_text;
    }
    return x.id_text < y.id_text;
  });
  resources.reorder(order);
  return resources.check_unique();
}

}  // namespace holdfast::kustomize
