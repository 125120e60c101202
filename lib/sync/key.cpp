// SPDX-License-Identifier: Apache-2.0
#include "sync/key.h"

namespace holdfast::sync {

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
