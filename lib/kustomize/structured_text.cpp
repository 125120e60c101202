// SPDX-License-Identifier: Apache-2.0
#include "kustomize/structured_text.h"

#include "base/text.h"
#include "kustomize/field_path.h"
#include "kustomize/field_spec.h"
#include "kustomize/object.h"
#include "value/json.h"
#include "yaml/yaml.h"

namespace holdfast::kustomize {
namespace {

bool is_scalar(const Value& value) {
  return !value.is_object() && !value.is_array();
}

// False when the text does not fit the field's type: the tool then changes nothing, and says
// nothing.
bool write(Value& field, const Value& value, bool fresh) {
  if (!is_scalar(field)) {
    field = value;
  } else if (fresh) {
    field = resolve_plain(text_of(value));
  } else {
    Value changed = with_text(field, text_of(value));
    const bool number = field.is_number() && changed.is_number() &&
                        (field.as_real() != nullptr || changed.as_real() == nullptr);
    const bool boolean = field.as_bool() != nullptr && changed.as_bool() != nullptr;
    if (!field.is_string() && !number && !boolean) return false;
    field = std::move(changed);
  }
  return true;
}

std::string printed(const Value& document, std::string_view original) {
  const auto begin = trim(original);
  if (!begin.starts_with('{') && !begin.starts_with('['))
    return std::string(trim(yaml::write(document)));
  const bool spread = original.find('\n') != std::string_view::npos &&
                      original.find("  ") != std::string_view::npos;
  return spread ? std::string(trim(json::write_indented(document, "  ", json::Escape::html)))
                : json::write(document);
}

}  // namespace

Result<bool> replace_in_text(Value& root, std::span<const std::string> path, const Value& value,
                             std::optional<Value::Kind> create) {
  for (std::size_t length = 1; length < path.size(); ++length) {
    const auto found = look_up(root, path.first(length));
    if (!found) return false;
    if (*found == nullptr) return false;
    if (!(*found)->is_string()) {
      if (is_scalar(**found)) return false;
      continue;
    }
    const std::string original = *(*found)->as_string();
    auto document = yaml::parse_one(original, path[length - 1], yaml::Dialect::kyaml);
    if (!document || is_scalar(*document)) return false;
    auto matches = match_all(*document, path.subspan(length), create);
    if (!matches || matches->fields.empty()) return false;
    for (std::size_t i = 0; i < matches->fields.size(); ++i) {
      if (!write(*matches->fields[i], value, matches->fresh[i])) return true;
    }
    auto fields = match_all(root, path.first(length), std::nullopt);
    if (!fields || fields->fields.size() != 1) return false;
    *fields->fields.front() = printed(*document, original);
    return true;
  }
  return false;
}

}  // namespace holdfast::kustomize
