// SPDX-License-Identifier: Apache-2.0
#include "kustomize/object.h"

#include "value/json.h"
#include "yaml/yaml.h"

namespace holdfast::kustomize {
namespace {

std::string_view member_text(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  return member != nullptr && member->is_string() ? std::string_view(*member->as_string()) : std::string_view();
}

std::string metadata_text(const Value& object, std::string_view name) {
  const Value* metadata = object.find("metadata");
  const Value* member = metadata == nullptr ? nullptr : metadata->find(name);
  return member == nullptr || is_blank(member) ? std::string() : text_of(*member);
}

void set_metadata_text(Value& object, std::string_view name, std::string_view text) {
  Value& metadata = object["metadata"];
  Value& member = metadata[name];
  member = with_text(member, text);
}

}  // namespace

std::string_view api_version_of(const Value& object) { return member_text(object, "apiVersion"); }

std::string_view kind_of(const Value& object) { return member_text(object, "kind"); }

std::string name_of(const Value& object) { return metadata_text(object, "name"); }

std::string namespace_of(const Value& object) { return metadata_text(object, "namespace"); }

std::string text_of(const Value& scalar) {
  switch (scalar.kind()) {
    case Value::Kind::string: return *scalar.as_string();
    case Value::Kind::boolean: return *scalar.as_bool() ? "true" : "false";
    case Value::Kind::integer: return std::to_string(*scalar.as_int());
    case Value::Kind::unsigned_integer: return std::to_string(*scalar.as_uint());
    case Value::Kind::real: return json::format_real(*scalar.as_real());
    case Value::Kind::null: return "null";
    case Value::Kind::array:
    case Value::Kind::object: return {};
  }
  std::unreachable();
}

Value with_text(const Value& old, std::string_view text) {
  if (old.is_number() || old.as_bool() != nullptr) return resolve_plain(text);
  return text;
}

Value resolve_plain(std::string_view text) {
  // Text with structure of its own (": ", a line break, a quote) is never a number.
  if (text.size() > 64 || text.find_first_of(" \t\n\r:#'\"{}[],&*!|>%@`") != std::string_view::npos) {
    return text;
  }
  auto value = yaml::parse_one(text, "value", yaml::Dialect::kyaml);
  if (!value || value->is_object() || value->is_array()) return text;
  return *std::move(value);
}

bool is_blank(const Value* value) {
  if (value == nullptr || value->is_null()) return true;
  if (const auto* object = value->as_object()) return object->empty();
  if (const auto* array = value->as_array()) return array->empty();
  return false;
}

void set_name(Value& object, std::string_view name) { set_metadata_text(object, "name", name); }

void set_kind(Value& object, std::string_view kind) { object["kind"] = kind; }

void set_namespace(Value& object, std::string_view space) {
  if (!space.empty()) return set_metadata_text(object, "namespace", space);
  Value* metadata = object.find("metadata");
  if (metadata != nullptr && metadata->is_object()) metadata->as_object()->erase("namespace");
}

Texts metadata_texts(const Value& object, std::string_view field) {
  Texts texts;
  const Value* metadata = object.find("metadata");
  const Value* map = metadata == nullptr ? nullptr : metadata->find(field);
  if (map == nullptr || !map->is_object()) return texts;
  for (const auto& [key, value] : *map->as_object()) texts.emplace_hint(texts.end(), key, text_of(value));
  return texts;
}

void set_metadata_texts(Value& object, std::string_view field, const Texts& texts) {
  Value& metadata = object["metadata"];
  if (texts.empty()) {
    if (metadata.is_object()) metadata.as_object()->erase(field);
    return;
  }
  Object map;
  map.reserve(texts.size());
  for (const auto& [key, text] : texts) map.append(key, text);
  metadata[field] = std::move(map);
}

}  // namespace holdfast::kustomize
