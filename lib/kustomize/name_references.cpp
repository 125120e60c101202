// SPDX-License-Identifier: Apache-2.0
#include "kustomize/name_references.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <unordered_map>

namespace holdfast::kustomize {
namespace {

// A resource that was renamed or moved: only those can be the answer.
struct Candidate {
  Resource* resource;
  std::size_t index;
  ResourceId present, original;
  std::vector<ResourceId> earlier;
};

struct Rule {
  const Gvk* target;
  const FieldSpec* spec;
};

// The same last parts, as far as the shorter list goes; an empty list is only like an empty one.
bool same_ends(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  if (a.empty() || b.empty()) return a.empty() && b.empty();
  const auto length = std::min(a.size(), b.size());
  return std::equal(a.end() - static_cast<std::ptrdiff_t>(length), a.end(),
                    b.end() - static_cast<std::ptrdiff_t>(length));
}

enum class EmptyFits { yes, no };

bool same_affixes(const Resource& a, const Resource& b, EmptyFits empty) {
  const auto fits = [&](const auto& x, const auto& y) {
    return (empty == EmptyFits::yes && (x.empty() || y.empty())) || same_ends(x, y);
  };
  return fits(a.prefixes, b.prefixes) && fits(a.suffixes, b.suffixes);
}

class Candidates {
 public:
  explicit Candidates(ResourceSet& resources) {
    all_.reserve(resources.size());
    for (std::size_t i = 0; i < resources.size(); ++i) {
      Resource& resource = resources[i];
      if (is_blank(&resource.body)) continue;
      spaces_[std::string(resource.original_id().effective_namespace())].emplace(
          resource.id().effective_namespace());
      if (resource.earlier.empty()) continue;
      all_.push_back({.resource = &resource,
                      .index = i,
                      .present = resource.id(),
                      .original = resource.original_id(),
                      .earlier = resource.earlier_ids()});
    }
    for (const auto& candidate : all_) {
      std::set<std::string_view> names;
      for (const auto& id : candidate.earlier)
        names.insert(id.name);
      for (const auto name : names) {
        by_name_[key(name, "")].push_back(&candidate);
        by_name_[key(name, candidate.present.effective_namespace())].push_back(&candidate);
      }
    }
  }

  using List = std::vector<const Candidate*>;

  // Where the resources are now that were in `space` at first.
  const std::set<std::string, std::less<>>* moved_from(std::string_view space) const {
    const auto found = spaces_.find(std::string(space));
    return found == spaces_.end() ? nullptr : &found->second;
  }

  const List& named(std::string_view name, std::string_view space) const {
    static const List none;
    const auto found = by_name_.find(key(name, space));
    return found == by_name_.end() ? none : found->second;
  }

 private:
  // "" as namespace holds all of that name.
  static std::string key(std::string_view name, std::string_view space) {
    return fmt::format("{}/{}", space, name);
  }

  std::vector<Candidate> all_;
  std::unordered_map<std::string, std::set<std::string, std::less<>>> spaces_;
  std::unordered_map<std::string, List> by_name_;
};

class Referrer {
 public:
  Referrer(Resource& resource, const Candidates& candidates, Budget& budget)
      : resource_(resource), candidates_(candidates), budget_(budget), id_(resource.id()) {}

  // A binding may name service accounts of other namespaces.
  Result<> find_subject_namespaces() {
    const Value* subjects = resource_.body.find("subjects");
    const Array* list = subjects == nullptr ? nullptr : subjects->as_array();
    if (list == nullptr || kind_of(resource_.body) != "RoleBinding") return {};
    for (const auto& subject : *list) {
      const Value* space = subject.find("namespace");
      if (space == nullptr || subject.text({"kind"}) != "ServiceAccount") continue;
      if (!space->is_string()) {
        return failure(Error(Code::object_invalid, "a subject has a namespace that is no text")
                           .at(describe(resource_))
                           .at(resource_.at)
                           .fix("name the namespace, or remove the field"));
      }
      more_namespaces_.insert(*space->as_string());
    }
    return {};
  }

  Result<> apply(const Rule& rule) {
    rule_ = &rule;
    auto done = visit_path(resource_.body, *rule.spec, Create::nothing,
                           [this](Value& value) { return update(value); });
    if (!done) return failure(std::move(done).error().at(describe(resource_)).at(resource_.at));
    return {};
  }

 private:
  using List = Candidates::List;

  // Everything of that name that this resource could mean, in list order.
  List reachable(std::string_view name) const {
    if (id_.cluster_scoped) return candidates_.named(name, "");
    List out = candidates_.named(name, no_namespace);
    const auto add = [&](std::string_view space) {
      const auto& more = candidates_.named(name, space);
      out.insert(out.end(), more.begin(), more.end());
    };
    add(id_.effective_namespace());
    for (const auto& space : more_namespaces_) {
      if (space != id_.effective_namespace()) add(space);
    }
    std::ranges::sort(out, {}, &Candidate::index);
    return out;
  }

  // With roleRef, its own apiGroup and kind must fit as well.
  std::optional<Gvk> role_reference() const {
    if (!rule_->spec->path.ends_with("roleRef/name")) return std::nullopt;
    const Value* group = resource_.body.find_path({"roleRef", "apiGroup"});
    const Value* kind = resource_.body.find_path({"roleRef", "kind"});
    if (group == nullptr || kind == nullptr) return std::nullopt;
    return Gvk{text_of(*group), {}, text_of(*kind)};
  }

  bool in_reach(const Candidate& candidate) const {
    if (id_.cluster_scoped || candidate.present.cluster_scoped) return true;
    if (candidate.present.gvk.kind == "ServiceAccount") return true;
    return candidate.present.effective_namespace() == id_.effective_namespace();
  }

  enum class Compare { names, names_and_namespaces };

  Result<const Candidate*> choose(List list, Compare compare) const {
    const auto was = [](const Candidate& candidate, const Gvk& gvk) {
      return std::ranges::any_of(candidate.earlier,
                                 [&](const ResourceId& id) { return is_selected(id.gvk, gvk); });
    };
    const auto role = role_reference();
    std::erase_if(list, [&](const Candidate* candidate) {
      return !was(*candidate, *rule_->target) || (role && !was(*candidate, *role)) ||
             !in_reach(*candidate);
    });
    if (list.size() == 1) return list.front();
    std::erase_if(list, [&](const Candidate* c) {
      return !same_affixes(resource_, *c->resource, EmptyFits::yes);
    });
    if (list.size() > 1) {
      std::erase_if(list, [&](const Candidate* c) {
        return !same_affixes(resource_, *c->resource, EmptyFits::no);
      });
    }
    if (list.empty()) return nullptr;
    const auto& first = list.front()->present;
    const bool alike = std::ranges::all_of(list, [&](const Candidate* c) {
      return c->present.name == first.name &&
             (compare == Compare::names || c->present.space == first.space);
    });
    if (alike) return list.front();
    Error error(Code::kustomize_conflict,
                fmt::format("the reference \"{}\" could mean {} resources with different names",
                            rule_->spec->path, list.size()));
    for (const auto* candidate : list)
      error = std::move(error).at(to_string(candidate->present));
    return failure(std::move(error));
  }

  Result<> update(Value& value) {
    if (value.is_null()) return {};
    if (value.is_object()) return update_map(value);
    if (auto* list = value.as_array()) {
      for (auto& element : *list) {
        if (element.is_array()) {
          return failure(Code::wrong_type, "the field \"{}\" holds a list in a list",
                         rule_->spec->path);
        }
        TRY(update(element));
      }
      return {};
    }
    const std::string old = text_of(value);
    const Candidate* chosen = TRY(choose(reachable(old), Compare::names));
    if (chosen == nullptr || chosen->present.name == old) return {};
    value = with_text(value, chosen->present.name);
    return budget_.grow(size_of(value));
  }

  // A map with its own name and namespace, both follow.
  Result<> update_map(Value& map) {
    const Value* name = map.find("name");
    if (name == nullptr) {
      return failure(Code::wrong_type, "the reference \"{}\" is a map without \"name\"",
                     rule_->spec->path);
    }
    const std::string old = text_of(*name);
    auto list = reachable(old);
    if (const Value* space = map.find("namespace"))
      list = in_namespace(std::move(list), text_of(*space));
    const Candidate* chosen = TRY(choose(std::move(list), Compare::names_and_namespaces));
    if (chosen == nullptr) return {};
    const auto& now = chosen->present;
    if (now.name == old && now.space.empty()) return {};
    map["name"] = with_text(*map.find("name"), now.name);
    if (!now.space.empty()) map["namespace"] = now.space;
    return budget_.grow(size_of(map));
  }

  // By the namespace they had at first if anything within reach was there, or else by the present
  // one.
  List in_namespace(List list, std::string_view space) const {
    const auto* now = candidates_.moved_from(space);
    const bool was =
        now != nullptr &&
        (id_.cluster_scoped || std::ranges::any_of(*now, [&](const std::string& present) {
           return present == no_namespace || present == id_.effective_namespace() ||
                  more_namespaces_.contains(present);
         }));
    std::erase_if(list, [&](const Candidate* candidate) {
      const auto& id = was ? candidate->original : candidate->present;
      return space == no_namespace || id.effective_namespace() != space;
    });
    return list;
  }

  Resource& resource_;
  const Candidates& candidates_;
  Budget& budget_;
  ResourceId id_;
  std::set<std::string, std::less<>> more_namespaces_;
  const Rule* rule_ = nullptr;
};

}  // namespace

Result<> fix_name_references(ResourceSet& resources, const std::vector<NameReference>& references,
                             Budget& budget) {
  const Candidates candidates(resources);
  std::unordered_map<std::string, std::vector<Rule>> rules_of;
  for (std::size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    const auto gvk = resource.original_id().gvk;
    const auto [entry, is_new] = rules_of.try_emplace(to_string(gvk));
    if (is_new) {
      for (const auto& reference : references) {
        for (const auto& spec : reference.referrers) {
          if (is_selected(gvk, spec.gvk)) entry->second.push_back({&reference.target, &spec});
        }
      }
    }
    if (entry->second.empty()) continue;
    auto in_time = budget.check_time();
    if (!in_time) return failure(std::move(in_time).error().at(resource.at));
    Referrer referrer(resource, candidates, budget);
    TRY(referrer.find_subject_namespaces());
    for (const auto& rule : entry->second)
      TRY(referrer.apply(rule));
  }
  return {};
}

}  // namespace holdfast::kustomize
