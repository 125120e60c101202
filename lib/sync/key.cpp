// SPDX-License-Identifier: Apache-2.0
#include "sync/key.h"

namespace holdfast::sync {

ApiVersion split_api_version(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {"", std::string(text)};
  return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

std::string join_api_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : fmt::format("{}/{}", group, version);
}

Key key_of(const Value& object) {
  return {split_api_version(object.text({"apiVersion"})).group, std::string(object.text({"kind"})),
          std::string(object.text({"metadata", "namespace"})),
          std::string(object.text({"metadata", "name"}))};
}

std::string_view annotation(const Value& object, std::string_view name) {
  return object.text({"metadata", "annotations", name});
}

std::string_view label(const Value& object, std::string_view name) {
  return object.text({"metadata", "labels", name});
}

std::string to_string(const Key& key) {
  return fmt::format("{}/{}/{}/{}", key.group, key.kind, key.namespace_, key.name);
}

}  // namespace holdfast::sync
