// SPDX-License-Identifier: Apache-2.0
#include "kustomize/object.h"

#include "base/text.h"
#include "value/json.h"
#include "yaml/scalar.h"

#include <cmath>

namespace holdfast::kustomize {
namespace {

std::string_view member_text(const Value& object, std::string_view name) {
  const Value* member = object.find(name);
  return member != nullptr && member->is_string() ? std::string_view(*member->as_string())
                                                  : std::string_view();
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

std::string_view api_version_of(const Value& object) {
  return member_text(object, "apiVersion");
}

std::string_view kind_of(const Value& object) {
  return member_text(object, "kind");
}

std::string name_of(const Value& object) {
  return metadata_text(object, "name");
}

std::string namespace_of(const Value& object) {
  return metadata_text(object, "namespace");
}

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
  constexpr std::size_t number_max = 400;  // no spelling of a number or date is longer
  if (text.empty() || text.size() > number_max) return text;
  auto scalar = yaml::resolve(text, yaml::Dialect::kyaml);
  return scalar.kind == yaml::ScalarKind::text ? Value(text) : std::move(scalar.value);
}

bool wants_quotes(std::string_view text) {
  return !resolve_plain(text).is_string() || yaml::resolve(text, yaml::Dialect::kube).kind == yaml::ScalarKind::boolean;
}

bool is_finite(const Value& scalar) {
  const auto* real = scalar.as_real();
  return real == nullptr || std::isfinite(*real);
}

bool is_text_key(std::string_view key) {
  if (key.find('/') != std::string_view::npos) return true;
  return key.empty() || yaml::resolve(key, yaml::Dialect::kyaml).kind == yaml::ScalarKind::text;
}

std::unexpected<Error> bad_key(std::string_view key) {
  Error error(Code::kustomization, fmt::format("the key \"{}\" is no text to YAML", printable(key)));
  if (key == "true" || key == "false") {
    const auto words = key == "true" ? "y, yes and on" : "n, no and off";
    error = std::move(error).because(fmt::format("a kustomization file's {} mean that, too", words));
  }
  return failure(
      std::move(error)
          .fix("choose another key: without quotes, as it is written, this one is a number, date, "
               "boolean or null"));
}

std::string_view type_of(const Value& value) {
  switch (value.kind()) {
    case Value::Kind::null: return "null";
    case Value::Kind::boolean: return "a boolean";
    case Value::Kind::integer:
    case Value::Kind::unsigned_integer:
    case Value::Kind::real: return "a number";
    case Value::Kind::string: return "a text";
    case Value::Kind::array: return "a list";
    case Value::Kind::object: return "a map";
  }
  std::unreachable();
}

bool is_blank(const Value* value) {
  if (value == nullptr || value->is_null()) return true;
  if (const auto* object = value->as_object()) return object->empty();
  if (const auto* array = value->as_array()) return array->empty();
  return false;
}

void set_name(Value& object, std::string_view name) {
  set_metadata_text(object, "name", name);
}

void set_kind(Value& object, std::string_view kind) {
  object["kind"] = kind;
}

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
  for (const auto& [key, value] : *map->as_object())
    texts.emplace_hint(texts.end(), key, text_of(value));
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
  for (const auto& [key, text] : texts)
    map.append(key, text);
  metadata[field] = std::move(map);
}

}  // namespace holdfast::kustomize
