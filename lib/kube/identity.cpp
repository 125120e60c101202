// SPDX-License-Identifier: Apache-2.0
#include "kube/identity.h"

#include "base/text.h"

#include <functional>

namespace holdfast::kube {

std::string Identity::api_version() const {
  return join_api_version(group, version);
}

std::size_t IdentityHash::operator()(const Identity& identity) const {
  const std::hash<std::string> hash;
  std::size_t out = hash(identity.name);
  for (const auto* part :
       {&identity.namespace_, &identity.kind, &identity.group, &identity.version}) {
    out = out * 1'000'003 ^ hash(*part);
  }
  return out;
}

std::string to_string(const Identity& identity) {
  std::string out = identity.group.empty() ? identity.kind : identity.group + "/" + identity.kind;
  if (identity.name.empty()) return out;
  out += ' ';
  if (!identity.namespace_.empty()) out += identity.namespace_ + "/";
  return out + identity.name;
}

GroupVersion split_api_version(std::string_view api_version) {
  const auto slash = api_version.find('/');
  if (slash == std::string_view::npos) return {"", std::string(api_version)};
  return {std::string(api_version.substr(0, slash)), std::string(api_version.substr(slash + 1))};
}

std::string join_api_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

Result<Identity> identity_of(const Value& object) {
  const auto api_version = object.text({"apiVersion"});
  const auto kind = object.text({"kind"});
  const auto name = object.text({"metadata", "name"});
  if (api_version.empty() || kind.empty() || name.empty()) {
    return failure(Error(Code::object_invalid,
                         fmt::format("an object has no {}", api_version.empty() ? "apiVersion"
                                                            : kind.empty()      ? "kind"
                                                                                : "metadata.name"))
                       .at(printable(fmt::format("{} {} {}", api_version, kind, name))));
  }
  auto [group, version] = split_api_version(api_version);
  return Identity{std::move(group), std::move(version), std::string(kind),
                  std::string(object.text({"metadata", "namespace"})), std::string(name)};
}

}  // namespace holdfast::kube
