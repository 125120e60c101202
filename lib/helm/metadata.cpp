// SPDX-License-Identifier: Apache-2.0
#include "helm/metadata.h"

#include "gotmpl/unicode.h"
#include "helm/chart.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace holdfast::helm {
namespace {

using Shape = MetadataField::Shape;
using Fields = std::span<const MetadataField>;

std::string_view wanted(Shape shape) {
  switch (shape) {
    case Shape::text:
    case Shape::word: return "a text";
    case Shape::flag: return "true or false";
    case Shape::list: return "a list";
    case Shape::texts: return "a list of texts";
    case Shape::text_map: return "a map of texts";
    case Shape::objects: return "a list of maps";
  }
  std::unreachable();
}

// Letters that Unicode folds into one are one: "K" may be the sign of kelvin.
std::string folded(std::string_view key) {
  return gotmpl::lower_text(gotmpl::upper_text(key));
}

const MetadataField* find_field(Fields fields, std::string_view key) {
  for (const auto& field : fields) {
    if (field.key == key) return &field;
  }
  const auto letters = folded(key);
  for (const auto& field : fields) {
    if (folded(field.key) == letters) return &field;
  }
  return nullptr;
}

// Where it is not as it must be, and what it must be there. The pointer grows from its end, on the way back: nearly
// every chart has none.
struct Wrong {
  std::string pointer;
  const Value* value;
  Shape shape;
};

std::optional<Wrong> below(std::string_view token, std::optional<Wrong> wrong) {
  if (wrong) wrong->pointer = fmt::format("/{}{}", token, wrong->pointer);
  return wrong;
}

std::optional<Wrong> find_wrong(const Value& object, Fields fields);

std::optional<Wrong> find_wrong(const Value& value, const MetadataField& field) {
  const Wrong here{"", &value, field.shape};
  const bool scalar = !value.is_array() && !value.is_object();
  if (value.is_null()) return std::nullopt;
  switch (field.shape) {
    case Shape::text:
    case Shape::word: return scalar ? std::nullopt : std::optional(here);
    case Shape::flag: return value.as_bool() != nullptr ? std::nullopt : std::optional(here);
    case Shape::list: return value.is_array() ? std::nullopt : std::optional(here);
    case Shape::text_map:
      if (!value.is_object()) return here;
      for (const auto& member : *value.as_object()) {
        if (auto wrong = find_wrong(member.value, MetadataField{})) return below(member.key, std::move(wrong));
      }
      return std::nullopt;
    case Shape::texts:
    case Shape::objects: break;
  }
  if (!value.is_array()) return here;
  for (std::size_t i = 0; i < value.as_array()->size(); ++i) {
    const auto& item = (*value.as_array())[i];
    auto wrong = field.shape == Shape::texts ? find_wrong(item, MetadataField{}) : find_wrong(item, field.inner);
    if (wrong) return below(fmt::format("{}", i), std::move(wrong));
  }
  return std::nullopt;
}

std::optional<Wrong> find_wrong(const Value& object, Fields fields) {
  if (!object.is_object()) return Wrong{"", &object, Shape::text_map};
  for (const auto& member : *object.as_object()) {
    const auto* field = find_field(fields, member.key);
    if (field == nullptr) continue;
    if (auto wrong = find_wrong(member.value, *field)) return below(member.key, std::move(wrong));
  }
  return std::nullopt;
}

// Metadata.Validate's sanitizeString: every white space a blank, what cannot be printed is dropped.
std::string sanitized(std::string text) {
  const auto plain = [](char c) { return c >= ' ' && c < '\x7F'; };
  if (std::ranges::all_of(text, plain)) return text;
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    const auto rune = gotmpl::decode_rune(rest);
    rest.remove_prefix(rune.size);
    if (gotmpl::is_space(rune.value)) {
      out += ' ';
    } else if (gotmpl::is_print(rune.value)) {
      gotmpl::append_rune(out, rune.value);
    }
  }
  return out;
}

void read_fields(Object& into, const Object& given, Fields fields);

// The value in its field's shape; `held` is what an earlier key left there.
Value read_field(const Value& given, const MetadataField& field, const Value* held) {
  switch (field.shape) {
    case Shape::text: return sanitized(scalar_text(given));
    case Shape::word: return scalar_text(given);
    case Shape::flag:
    case Shape::list: return given;
    case Shape::text_map: {
      Object texts = held != nullptr ? *held->as_object() : Object();
      for (const auto& member : *given.as_object()) texts.set(member.key, scalar_text(member.value));
      return texts;
    }
    case Shape::texts:
    case Shape::objects: break;
  }
  Array out;
  for (const auto& item : *given.as_array()) {
    Value element;
    if (field.shape == Shape::texts) {
      element = sanitized(scalar_text(item));
    } else {
      Object object;
      read_fields(object, *item.as_object(), field.inner);
      element = std::move(object);
    }
    out.push_back(std::move(element));
  }
  return out;
}

void read_fields(Object& into, const Object& given, Fields fields) {
  for (const auto& member : given) {
    const auto* field = find_field(fields, member.key);
    if (field == nullptr) continue;
    const bool scalar = field->shape == Shape::text || field->shape == Shape::word || field->shape == Shape::flag;
    if (!member.value.is_null()) {
      into.set(field->key, read_field(member.value, *field, std::as_const(into).find(field->key)));
    } else if (!scalar) {
      into.erase(field->key);  // a scalar stays as it was
    }
  }
}

}  // namespace

Result<> read_metadata(Object& metadata, const Value& document, std::string_view text, const std::string& file) {
  const auto* given = document.as_object();
  if (given == nullptr) return {};
  if (const auto wrong = find_wrong(document, chart_fields)) {
    return failure(Error(Code::chart, fmt::format("'{}' is {} and must be {}", wrong->pointer.substr(1),
                                                  kind_name(wrong->value->kind()), wanted(wrong->shape)))
                       .at(yaml::place(file, yaml::locate(text, 0, wrong->pointer))));
  }
  read_fields(metadata, *given, chart_fields);
  return {};
}

}  // namespace holdfast::helm
