// SPDX-License-Identifier: Apache-2.0
#include "kube/discovery.h"

#include "base/text.h"
#include "kube/identity.h"

#include <algorithm>

namespace holdfast::kube {
namespace {

const Array& items_of(const Value& value, std::string_view key) {
  static const Array none;
  const auto* found = value.find(key);
  return found == nullptr || found->as_array() == nullptr ? none : *found->as_array();
}

}  // namespace

std::string KindInfo::api_version() const {
  return join_api_version(group, version);
}

bool KindInfo::has_verb(std::string_view verb) const {
  return std::ranges::find(verbs, verb) != verbs.end();
}

Result<> Catalog::add(const Value& list) {
  if (list.text({"kind"}) != "APIGroupDiscoveryList") {
    return failure(
        Error(Code::kind_unknown, "the API server does not offer aggregated discovery")
            .because(printable(fmt::format("it answered with kind '{}'", list.text({"kind"}))))
            .fix("use Kubernetes 1.27 or newer"));
  }
  for (const auto& group : items_of(list, "items")) {
    const std::string name(group.text({"metadata", "name"}));
    for (const auto& version : items_of(group, "versions"))
      add_version(name, version);
  }
  return {};
}

void Catalog::add_version(const std::string& group, const Value& version) {
  const std::string name(version.text({"version"}));
  if (version.text({"freshness"}) == "Stale") stale_.push_back({group, name});
  for (const auto& resource : items_of(version, "resources")) {
    KindInfo info{.group = group,
                  .version = name,
                  .kind = std::string(resource.text({"responseKind", "kind"})),
                  .resource = std::string(resource.text({"resource"})),
                  .namespaced = resource.text({"scope"}) == "Namespaced"};
    // A resource without a kind only has subresources of its own.
    if (info.kind.empty() || info.resource.empty()) continue;
    // responseKind's group and version are the enclosing ones when empty; another one means that
    // the resource answers with a kind of elsewhere, which cannot be applied under this name.
    const auto kind_group = resource.text({"responseKind", "group"});
    if (!kind_group.empty() && kind_group != group) continue;
    for (const auto& verb : items_of(resource, "verbs")) {
      if (verb.is_string()) info.verbs.push_back(*verb.as_string());
    }
    for (const auto& sub : items_of(resource, "subresources")) {
      info.subresources.emplace_back(sub.text({"subresource"}));
    }
    info.preferred = std::ranges::none_of(kinds_, [&](const KindInfo& other) {
      return other.group == info.group && other.kind == info.kind;
    });
    std::pair key{info.api_version(), info.kind};
    if (by_name_.contains(key)) continue;
    by_name_.emplace(std::move(key), kinds_.size());
    kinds_.push_back(std::move(info));
  }
}

const KindInfo* Catalog::find(std::string_view api_version, std::string_view kind) const {
  const auto found = by_name_.find(std::pair{std::string(api_version), std::string(kind)});
  return found == by_name_.end() ? nullptr : &kinds_[found->second];
}

bool Catalog::is_stale(std::string_view api_version) const {
  const auto [group, version] = split_api_version(api_version);
  return std::ranges::any_of(stale_, [&](const StaleVersion& stale) {
    return stale.group == group && stale.version == version;
  });
}

}  // namespace holdfast::kube
