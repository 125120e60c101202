// SPDX-License-Identifier: Apache-2.0
// What a resource is called: group, version, kind, namespace, name, and how two such names compare.
// It does not know resources' content.
// Upstream: kustomize v5.8.1, kyaml/resid, kyaml/openapi (precomputed scopes).
#pragma once

#include <string>
#include <string_view>

namespace holdfast::kustomize {

struct Gvk {
  std::string group, version, kind;

  bool operator==(const Gvk&) const = default;
};

Gvk parse_gvk(std::string_view api_version, std::string_view kind);
std::string api_version(const Gvk& gvk);
std::string to_string(const Gvk& gvk);  // "Deployment.v1.apps", "[noGrp]" for an absent part

// Does `gvk` fit `selector`, whose empty parts fit anything?
bool is_selected(const Gvk& gvk, const Gvk& selector);

// Only the kinds of Kubernetes 1.21 that are known to have no namespace; unknown kinds have one.
bool is_cluster_scoped(const Gvk& gvk);

// Is its scope among those that the tool knows without a schema?
bool is_known_kind(const Gvk& gvk);

// The legacy order of kinds: negative for those that come first, positive for the last ones.
int kind_rank(std::string_view kind);
// "group_version_kind" with ~G, ~V, ~K for absent parts: the second key of that order.
std::string sort_text(const Gvk& gvk);
bool sorts_before(const Gvk& a, const Gvk& b);

// The namespace of every cluster-scoped resource, in ids and in target selectors.
inline constexpr std::string_view no_namespace = "_non_namespaceable_";

struct ResourceId {
  Gvk gvk;
  std::string name;
  std::string space;  // as written; "" means default
  bool cluster_scoped = false;

  [[nodiscard]] std::string_view effective_namespace() const;
  // Equal exactly when the tool takes two ids for the same: an absent namespace is "default".
  [[nodiscard]] std::string key() const;
};

std::string to_string(const ResourceId& id);  // "Deployment.v1.apps/web.shop"
bool same(const ResourceId& a, const ResourceId& b);

}  // namespace holdfast::kustomize
