// SPDX-License-Identifier: Apache-2.0
#include "helm/metadata.h"

#include "yaml/yaml.h"

#include <array>
#include <optional>
#include <span>

namespace holdfast::helm {
namespace {

enum class Shape { text, flag, list, texts, text_map, objects };

struct Field {
  std::string_view key;
  Shape shape = Shape::text;
  std::span<const Field> inner = {};  // of objects
};

constexpr auto maintainer_fields = std::to_array<Field>({{"name"}, {"email"}, {"url"}});
constexpr auto dependency_fields = std::to_array<Field>({{"name"},
                                                         {"version"},
                                                         {"repository"},
                                                         {"condition"},
                                                         {"tags", Shape::texts},
                                                         {"enabled", Shape::flag},
                                                         {"import-values", Shape::list},
                                                         {"alias"}});
constexpr auto chart_fields =
    std::to_array<Field>({{"name"},
                          {"home"},
                          {"sources", Shape::texts},
                          {"version"},
                          {"description"},
                          {"keywords", Shape::texts},
                          {"maintainers", Shape::objects, maintainer_fields},
                          {"icon"},
                          {"apiVersion"},
                          {"condition"},
                          {"tags"},
                          {"appVersion"},
                          {"deprecated", Shape::flag},
                          {"annotations", Shape::text_map},
                          {"kubeVersion"},
                          {"dependencies", Shape::objects, dependency_fields},
                          {"type"}});

std::string_view wanted(Shape shape) {
  switch (shape) {
    case Shape::text: return "a text";
    case Shape::flag: return "true or false";
    case Shape::list: return "a list";
    case Shape::texts: return "a list of texts";
    case Shape::text_map: return "a map of texts";
    case Shape::objects: return "a list of maps";
  }
  std::unreachable();
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

std::optional<Wrong> find_wrong(const Value& object, std::span<const Field> fields);

std::optional<Wrong> find_wrong(const Value& value, const Field& field) {
  const Wrong here{"", &value, field.shape};
  const bool scalar = !value.is_array() && !value.is_object();
  if (value.is_null()) return std::nullopt;
  switch (field.shape) {
    case Shape::text: return scalar ? std::nullopt : std::optional(here);
    case Shape::flag: return value.as_bool() != nullptr ? std::nullopt : std::optional(here);
    case Shape::list: return value.is_array() ? std::nullopt : std::optional(here);
    case Shape::text_map:
      if (!value.is_object()) return here;
      for (const auto& member : *value.as_object()) {
        if (auto wrong = find_wrong(member.value, Field{})) return below(member.key, std::move(wrong));
      }
      return std::nullopt;
    case Shape::texts:
    case Shape::objects: break;
  }
  if (!value.is_array()) return here;
  for (std::size_t i = 0; i < value.as_array()->size(); ++i) {
    const auto& item = (*value.as_array())[i];
    auto wrong = field.shape == Shape::texts ? find_wrong(item, Field{}) : find_wrong(item, field.inner);
    if (wrong) return below(fmt::format("{}", i), std::move(wrong));
  }
  return std::nullopt;
}

std::optional<Wrong> find_wrong(const Value& object, std::span<const Field> fields) {
  if (!object.is_object()) return Wrong{"", &object, Shape::text_map};
  for (const auto& field : fields) {
    const auto* value = object.find(field.key);
    if (value == nullptr) continue;
    if (auto wrong = find_wrong(*value, field)) return below(field.key, std::move(wrong));
  }
  return std::nullopt;
}

}  // namespace

Result<> check_metadata_shapes(const Value& document, std::string_view text,
                               const std::string& file) {
  if (!document.is_object()) return {};
  const auto wrong = find_wrong(document, chart_fields);
  if (!wrong) return {};
  return failure(Error(Code::chart, fmt::format("'{}' is {} and must be {}",
                                                wrong->pointer.substr(1),
                                                kind_name(wrong->value->kind()), wanted(wrong->shape)))
                     .at(yaml::place(file, yaml::locate(text, 0, wrong->pointer))));
}

}  // namespace holdfast::helm
