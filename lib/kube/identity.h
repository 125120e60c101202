// SPDX-License-Identifier: Apache-2.0
// What names one object in a cluster. It does not know what the object holds.
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::kube {

struct Identity {
  std::string group;  // "" is the core group
  std::string version;
  std::string kind;
  std::string namespace_;  // "" for cluster-scoped objects
  std::string name;

  auto operator<=>(const Identity&) const = default;
  [[nodiscard]] std::string api_version() const;  // "apps/v1", "v1"
};

struct IdentityHash {
  std::size_t operator()(const Identity& identity) const;
};

// "apps/Deployment shop/web", "ConfigMap shop/web", "Namespace shop".
std::string to_string(const Identity& identity);

struct GroupVersion {
  std::string group;
  std::string version;
};

GroupVersion split_api_version(std::string_view api_version);
std::string join_api_version(std::string_view group, std::string_view version);

// Of a manifest. Refuses with Code::object_invalid what lacks apiVersion, kind or metadata.name.
Result<Identity> identity_of(const Value& object);

}  // namespace holdfast::kube
