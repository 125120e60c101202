// SPDX-License-Identifier: Apache-2.0
#include "helm/schema_document.h"

#include "base/text.h"
#include "helm/schema_format.h"
#include "helm/schema_validator.h"
#include "value/json.h"
#include "value/pointer.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace holdfast::helm {
namespace {

constexpr int depth_max = 200;  // schemas in schemas
constexpr std::string_view document_uri = "file:///values.schema.json";

// The shapes in which the metaschemas write keywords.
enum class Shape {
  text,
  reference,
  id,  // a reference, from 2019-09 on without a fragment
  pattern,
  flag,
  number,
  positive,  // above 0
  count,     // a whole number, 0 and above
  schema,
  schemas,  // a list of at least one
  items,    // a schema or a list of schemas
  schema_map,
  pattern_map,   // a map of schemas whose keys are patterns from 7 on
  dependencies,  // a map of schemas or lists of texts
  text_lists,    // a map of lists of texts
  texts,         // a list of different texts
  type,
  list,
  different,  // a list of at least one, no two equal
  any,
};

struct Keyword {
  std::string_view name;
  Shape shape;
  Draft since = Draft::v4;
  Draft until = Draft::v2020;
};

constexpr auto keywords = std::to_array<Keyword>({
    {"$ref", Shape::text, Draft::v4, Draft::v4},
    {"$ref", Shape::reference, Draft::v6},
    {"$schema", Shape::text},
    {"$comment", Shape::text, Draft::v7},
    {"id", Shape::text, Draft::v4, Draft::v4},
    {"$id", Shape::id, Draft::v6},
    {"$anchor", Shape::text, Draft::v2019},
    {"$recursiveRef", Shape::reference, Draft::v2019, Draft::v2019},
    {"$recursiveAnchor", Shape::flag, Draft::v2019, Draft::v2019},
    {"$dynamicRef", Shape::reference, Draft::v2020},
    {"$dynamicAnchor", Shape::text, Draft::v2020},
    {"title", Shape::text},
    {"description", Shape::text},
    {"format", Shape::text},
    {"pattern", Shape::pattern},
    {"readOnly", Shape::flag, Draft::v7},
    {"writeOnly", Shape::flag, Draft::v7},
    {"deprecated", Shape::flag, Draft::v2019},
    {"examples", Shape::list, Draft::v6},
    {"default", Shape::any},
    {"multipleOf", Shape::positive},
    {"maximum", Shape::number},
    {"minimum", Shape::number},
    {"exclusiveMaximum", Shape::flag, Draft::v4, Draft::v4},
    {"exclusiveMinimum", Shape::flag, Draft::v4, Draft::v4},
    {"exclusiveMaximum", Shape::number, Draft::v6},
    {"exclusiveMinimum", Shape::number, Draft::v6},
    {"maxLength", Shape::count},
    {"minLength", Shape::count},
    {"maxItems", Shape::count},
    {"minItems", Shape::count},
    {"maxProperties", Shape::count},
    {"minProperties", Shape::count},
    {"uniqueItems", Shape::flag},
    {"maxContains", Shape::count, Draft::v2019},
    {"minContains", Shape::count, Draft::v2019},
    {"required", Shape::texts},
    {"enum", Shape::different, Draft::v4, Draft::v7},
    {"enum", Shape::list, Draft::v2019},
    {"type", Shape::type},
    {"dependentRequired", Shape::text_lists, Draft::v2019},
    {"dependentSchemas", Shape::schema_map, Draft::v2019},
    {"dependencies", Shape::dependencies},
    {"definitions", Shape::schema_map},
    {"$defs", Shape::schema_map, Draft::v2019},
    {"properties", Shape::schema_map},
    {"patternProperties", Shape::pattern_map},
    {"additionalProperties", Shape::schema},
    {"propertyNames", Shape::schema, Draft::v6},
    {"unevaluatedProperties", Shape::schema, Draft::v2019},
    {"unevaluatedItems", Shape::schema, Draft::v2019},
    {"items", Shape::items, Draft::v4, Draft::v2019},
    {"items", Shape::schema, Draft::v2020},
    {"additionalItems", Shape::schema, Draft::v4, Draft::v2019},
    {"prefixItems", Shape::schemas, Draft::v2020},
    {"contains", Shape::schema, Draft::v6},
    {"allOf", Shape::schemas},
    {"anyOf", Shape::schemas},
    {"oneOf", Shape::schemas},
    {"not", Shape::schema},
    {"if", Shape::schema, Draft::v7},
    {"then", Shape::schema, Draft::v7},
    {"else", Shape::schema, Draft::v7},
});

constexpr auto type_names = std::to_array<std::string_view>(
    {"array", "boolean", "integer", "null", "number", "object", "string"});

std::unexpected<Error> wrong(const std::string& pointer, std::string what) {
  return failure(
      Error(Code::chart, fmt::format("values.schema.json is no schema: {}", std::move(what)))
          .at(fmt::format("values.schema.json#{}", printable(pointer))));
}

bool is_count(const Value& value) {
  const double number = real_of(value);
  return value.is_number() && number >= 0 &&
         number == static_cast<double>(static_cast<std::uint64_t>(number));
}

bool is_type(const Value& value) {
  const auto* name = value.as_string();
  return name != nullptr && std::ranges::find(type_names, *name) != type_names.end();
}

bool are_texts(const Value& value, Draft draft) {
  const auto* list = value.as_array();
  if (list == nullptr || (draft == Draft::v4 && list->empty())) return false;
  return std::ranges::all_of(*list, &Value::is_string) && !equal_items(*list);
}

// Shapes without schemas inside: is the value of that shape?
bool has_shape(const Value& value, Shape shape, Draft draft) {
  switch (shape) {
    case Shape::text: return value.is_string();
    case Shape::reference:
      return value.is_string() && format_holds("uri-reference", *value.as_string());
    case Shape::id: {
      const auto hash = value.is_string() ? value.as_string()->find('#') : std::string::npos;
      return has_shape(value, Shape::reference, draft) &&
             (draft < Draft::v2019 || hash >= value.as_string()->size() - 1);
    }
    case Shape::pattern: return value.is_string() && format_holds("regex", *value.as_string());
    case Shape::flag: return value.as_bool() != nullptr;
    case Shape::number: return value.is_number();
    case Shape::positive: return value.is_number() && real_of(value) > 0;
    case Shape::count: return is_count(value);
    case Shape::texts: return are_texts(value, draft);
    case Shape::list: return value.is_array();
    case Shape::different:
      return value.is_array() && !value.as_array()->empty() && !equal_items(*value.as_array());
    case Shape::type:
      if (!value.is_array()) return is_type(value);
      return !value.as_array()->empty() && std::ranges::all_of(*value.as_array(), is_type) &&
             !equal_items(*value.as_array());
    case Shape::text_lists:
      return value.is_object() && std::ranges::all_of(*value.as_object(), [&](const Member& each) {
               return are_texts(each.value, draft);
             });
    case Shape::schemas: return value.is_array() && !value.as_array()->empty();
    case Shape::pattern_map:
      return value.is_object() &&
             (draft < Draft::v7 || std::ranges::all_of(*value.as_object(), [](const Member& each) {
                return format_holds("regex", each.key);
              }));
    case Shape::schema_map:
    case Shape::dependencies: return value.is_object();
    case Shape::schema:
    case Shape::items:
    case Shape::any: return true;
  }
  std::unreachable();
}

// The schemas that a keyword's value holds, with their places below it.
std::vector<std::pair<std::string, const Value*>> schemas_in(const Value& value, Shape shape) {
  std::vector<std::pair<std::string, const Value*>> out;
  if (shape == Shape::schema || (shape == Shape::items && !value.is_array()))
    out.emplace_back("", &value);
  if ((shape == Shape::schemas || shape == Shape::items) && value.is_array()) {
    std::size_t index = 0;
    for (const auto& each : *value.as_array())
      out.emplace_back(fmt::format("/{}", index++), &each);
  }
  const bool map = shape == Shape::schema_map || shape == Shape::pattern_map;
  if ((map || shape == Shape::dependencies) && value.is_object()) {
    for (const auto& member : *value.as_object()) {
      if (shape == Shape::dependencies && member.value.is_array()) continue;
      out.emplace_back("/" + json::pointer_token(member.key), &member.value);
    }
  }
  return out;
}

// Does the validator ever look into this keyword of the schema?
bool is_used(const Object& schema, std::string_view keyword) {
  if (keyword == "definitions" || keyword == "$defs") return false;
  if (keyword == "additionalItems") {
    const auto* items = schema.find("items");
    return items != nullptr && items->is_array();
  }
  if (keyword != "then" && keyword != "else") return true;
  const auto* condition = schema.find("if");
  return condition != nullptr &&
         (condition->as_bool() == nullptr || *condition->as_bool() == (keyword == "then"));
}

std::optional<Draft> draft_of(std::string_view uri) {
  if (uri.ends_with('#')) uri.remove_suffix(1);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (uri.starts_with(scheme)) {
      uri.remove_prefix(scheme.size());
      break;
    }
  }
  if (uri == "json-schema.org/draft-04/schema") return Draft::v4;
  if (uri == "json-schema.org/draft-06/schema") return Draft::v6;
  if (uri == "json-schema.org/draft-07/schema") return Draft::v7;
  if (uri == "json-schema.org/draft/2019-09/schema") return Draft::v2019;
  if (uri == "json-schema.org/draft/2020-12/schema" || uri == "json-schema.org/schema")
    return Draft::v2020;
  return std::nullopt;
}

std::string percent_decoded(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 1])) != 0 &&
                        std::isxdigit(static_cast<unsigned char>(text[i + 2])) != 0;
    if (escape) {
      out += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// "a/./b/../c" → "a/c", as in a URI's path.
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  const auto parts = split(path, '/');
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool last = i + 1 == parts.size();
    if (parts[i] == "..") {
      if (kept.size() > 1) kept.pop_back();
    } else if (parts[i] != ".") {
      kept.push_back(parts[i]);
      continue;
    }
    if (last) kept.emplace_back();
  }
  return fmt::format("{}", fmt::join(kept, "/"));
}

}  // namespace

std::string resolve_uri(std::string_view base, std::string_view reference) {
  if (const auto hash = reference.find('#'); hash != std::string_view::npos)
    reference = reference.substr(0, hash);
  if (reference.empty()) return std::string(base);
  const auto colon = reference.find(':');
  const auto slash = reference.find('/');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon < slash))
    return std::string(reference);
  const auto authority = base.find("://");
  if (authority == std::string_view::npos) return std::string(reference);
  if (reference.starts_with("//"))
    return fmt::format("{}{}", base.substr(0, authority + 1), reference);
  const auto path = std::min(base.find('/', authority + 3), base.size());
  if (reference.starts_with('/'))
    return fmt::format("{}{}", base.substr(0, path), without_dots(reference));
  const auto folder = base.substr(path, base.rfind('/') + 1 - std::min(path, base.rfind('/') + 1));
  return fmt::format("{}{}", base.substr(0, path),
                     without_dots(fmt::format("{}{}", folder.empty() ? "/" : folder, reference)));
}

std::string_view SchemaDocument::id_of(const Value& schema) const {
  // Before 2019-09 nothing beside a $ref counts, and "#name" is an anchor.
  if (draft_ < Draft::v2019 && schema.find("$ref") != nullptr) return {};
  const auto id = schema.text({draft_ == Draft::v4 ? "id" : "$id"});
  return id.starts_with('#') ? std::string_view() : id;
}

void SchemaDocument::index(const Value& schema, const std::string* base, int depth) {
  const auto* object = schema.as_object();
  if (object == nullptr || depth > depth_max) return;
  if (const auto id = id_of(schema); !id.empty()) {
    base = &*bases_.insert(resolve_uri(*base, id)).first;
    resources_.emplace(*base, &schema);
  }
  const auto legacy = schema.text({draft_ == Draft::v4 ? "id" : "$id"});
  if (draft_ < Draft::v2019 && legacy.find('#') != std::string_view::npos) {
    anchors_[fmt::format("{}{}", *base, legacy.substr(legacy.find('#')))] = {&schema, base};
  }
  for (const std::string_view key : {"$anchor", "$dynamicAnchor"}) {
    if (draft_ < Draft::v2019 || schema.text({key}).empty()) continue;
    const auto name = fmt::format("{}#{}", *base, schema.text({key}));
    anchors_[name] = {&schema, base};
    if (key == "$dynamicAnchor") dynamic_anchors_[name] = {&schema, base};
  }
  for (const auto& keyword : keywords) {
    if (draft_ < keyword.since || draft_ > keyword.until) continue;
    const auto* value = object->find(keyword.name);
    if (value == nullptr) continue;
    for (const auto& [pointer, inner] : schemas_in(*value, keyword.shape))
      index(*inner, base, depth + 1);
  }
}

SchemaPlace SchemaDocument::root() const {
  return enter({root_.get(), &*bases_.find(std::string(document_uri))});
}

SchemaPlace SchemaDocument::enter(const SchemaPlace& place) const {
  const auto id = place.schema->is_object() ? id_of(*place.schema) : std::string_view();
  if (id.empty()) return place;
  const auto base = bases_.find(resolve_uri(*place.base, id));
  return base == bases_.end() ? place : SchemaPlace{place.schema, &*base};
}

SchemaPlace SchemaDocument::resource(const std::string& base) const {
  const auto found = resources_.find(base);
  if (found == resources_.end()) return {};
  return {found->second, &*bases_.find(base)};
}

SchemaPlace SchemaDocument::dynamic_anchor(const std::string& base, std::string_view name) const {
  const auto found = dynamic_anchors_.find(fmt::format("{}#{}", base, name));
  return found == dynamic_anchors_.end() ? SchemaPlace{} : found->second;
}

SchemaPlace SchemaDocument::follow(SchemaPlace at, std::string_view pointer) const {
  const auto tokens = json::pointer_tokens(pointer);
  if (!tokens) return {};
  for (const auto& token : *tokens) {
    at = enter(at);
    if (const auto* list = at.schema->as_array()) {
      const auto index = json::array_index(token, list->size());
      at.schema = index ? &(*list)[*index] : nullptr;
    } else {
      at.schema = at.schema->find(token);
    }
    if (at.schema == nullptr) return {};
  }
  return at;
}

SchemaPlace SchemaDocument::resolve(const std::string& base, std::string_view reference) const {
  const auto target = resource(resolve_uri(base, reference));
  if (!target) return {};
  const auto hash = reference.find('#');
  const auto fragment =
      hash == std::string_view::npos ? std::string() : percent_decoded(reference.substr(hash + 1));
  if (fragment.empty()) return target;
  if (fragment.starts_with('/')) return follow(target, fragment);
  const auto anchor = anchors_.find(fmt::format("{}#{}", *target.base, fragment));
  return anchor == anchors_.end() ? SchemaPlace{} : anchor->second;
}

Result<> SchemaDocument::add_pattern(const std::string& text) {
  if (patterns_.contains(text)) return {};
  auto compiled = regex::Expression::compile(text);
  if (!compiled)
    return failure(Code::chart,
                   "values.schema.json has the pattern \"{}\", which is no regular expression",
                   printable(text));
  patterns_.emplace(text, *std::move(compiled));
  return {};
}

Result<> SchemaDocument::add_patterns(const Object& schema) {
  if (const auto* pattern = schema.find("pattern")) TRY(add_pattern(*pattern->as_string()));
  const auto* map = schema.find("patternProperties");
  if (map == nullptr) return {};
  for (const auto& member : *map->as_object())
    TRY(add_pattern(member.key));
  return {};
}

Result<> SchemaDocument::check_keywords(const Object& schema, const std::string& pointer,
                                        int depth) {
  for (const auto& keyword : keywords) {
    if (draft_ < keyword.since || draft_ > keyword.until) continue;
    const auto* value = schema.find(keyword.name);
    if (value == nullptr) continue;
    const auto place = fmt::format("{}/{}", pointer, keyword.name);
    if (!has_shape(*value, keyword.shape, draft_))
      return wrong(place, fmt::format("\"{}\" cannot be {}", keyword.name,
                                      printable(json::write(*value, json::Escape::plain))));
    for (const auto& [below, inner] : schemas_in(*value, keyword.shape))
      TRY(check(*inner, place + below, depth + 1));
    if (keyword.shape != Shape::dependencies) continue;
    for (const auto& member : *value->as_object()) {
      if (member.value.is_array() && !are_texts(member.value, draft_))
        return wrong(place, "a dependency is no list of names");
    }
  }
  return {};
}

Result<> SchemaDocument::check(const Value& schema, const std::string& pointer, int depth) {
  if (depth > depth_max)
    return failure(
        Error(Code::limit, fmt::format("values.schema.json is nested deeper than {}", depth_max))
            .at(printable(pointer)));
  const bool additional =
      pointer.ends_with("/additionalItems") || pointer.ends_with("/additionalProperties");
  if (schema.as_bool() != nullptr && (draft_ > Draft::v4 || additional)) return {};
  if (!schema.is_object())
    return wrong(pointer, fmt::format("{} stands where a schema must", kind_name(schema.kind())));
  return check_keywords(*schema.as_object(), pointer, depth);
}

// What the validator may reach must be there: references, and patterns that compile. Definitions
// count only when they are referred to.
Result<> SchemaDocument::check_references(const SchemaPlace& given) {
  std::vector<SchemaPlace> pending = {given};
  while (!pending.empty()) {
    const auto place = enter(pending.back());
    pending.pop_back();
    const auto* object = place.schema->as_object();
    if (object == nullptr || !visited_.insert(place.schema).second) continue;
    for (const std::string_view key : {"$ref", "$dynamicRef", "$recursiveRef"}) {
      const auto* reference = object->find(key);
      if (reference == nullptr || !reference->is_string()) continue;
      const auto uri = resolve_uri(*place.base, *reference->as_string());
      if (draft_of(uri)) continue;
      const auto target = resolve(*place.base, *reference->as_string());
      if (!target) {
        return failure(
            Error(Code::chart,
                  fmt::format("values.schema.json refers to \"{}\", which is not in it",
                              printable(*reference->as_string())))
                .fix("put the schema it refers to into \"$defs\" of values.schema.json"));
      }
      TRY(check(*target.schema, std::string(*reference->as_string()), 0));
      pending.push_back(target);
    }
    const bool beside = draft_ < Draft::v2019 && object->contains("$ref");
    if (!beside) TRY(add_patterns(*object));
    for (const auto& keyword : keywords) {
      if (draft_ < keyword.since || draft_ > keyword.until || !is_used(*object, keyword.name)) continue;
      if (beside && keyword.since == Draft::v4) continue;  // SchemaValidator::check_beside_reference
      const auto* value = object->find(keyword.name);
      if (value == nullptr) continue;
      for (const auto& inner : schemas_in(*value, keyword.shape))
        pending.push_back({inner.second, place.base});
    }
  }
  return {};
}

Result<SchemaDocument> SchemaDocument::parse(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  SchemaDocument document;
  auto root = TRY(json::parse(text, "values.schema.json"));
  document.root_ = std::make_unique<Value>(std::move(root));
  if (const auto uri = document.root_->text({"$schema"}); !uri.empty()) {
    const auto draft = draft_of(uri);
    if (!draft)
      return wrong("/$schema", fmt::format("\"{}\" is no draft from 4 to 2020-12", printable(uri)));
    document.draft_ = *draft;
  }
  TRY(document.check(*document.root_, "", 0));
  const auto* base = &*document.bases_.insert(std::string(document_uri)).first;
  document.resources_.emplace(*base, document.root_.get());
  document.index(*document.root_, base, 0);
  TRY(document.check_references({document.root_.get(), base}));
  document.visited_.clear();
  return document;
}

}  // namespace holdfast::helm
