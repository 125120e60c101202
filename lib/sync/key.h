// SPDX-License-Identifier: Apache-2.0
// How the engine names an object: without its version, because an object keeps its identity when
// Git moves it to another version of its API group. It does not know how objects are fetched.
// Mirrors argoproj/gitops-engine 3.6 pkg/utils/kube/kube.go: ResourceKey.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "kube/identity.h"
#include "value/value.h"

namespace holdfast::sync {

struct Key {
  std::string group;
  std::string kind;
  std::string namespace_;  // "" for cluster-scoped objects
  std::string name;

  auto operator<=>(const Key&) const = default;
};

enum class Scope { cluster, namespaced };

using kube::join_api_version;
using kube::split_api_version;

// From apiVersion, kind and metadata, as they stand in the object.
Key key_of(const Value& object);
std::string_view annotation(const Value& object, std::string_view name);
std::string_view label(const Value& object, std::string_view name);

// "apps/Deployment/shop/web": how rows are sorted and logs name an object.
std::string to_string(const Key& key);

}  // namespace holdfast::sync
