// SPDX-License-Identifier: Apache-2.0
// A schema's text as a checked document: its draft, that every keyword has the shape its metaschema
// asks for, and where each $ref leads. Private to lib/helm. It does not know the values.
#pragma once

#include "base/result.h"
#include "regex/expression.h"
#include "value/value.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::helm {

enum class Draft { v4, v6, v7, v2019, v2020 };

// A schema and the URI that references in it are relative to: one of the document's resources.
struct SchemaPlace {
  const Value* schema = nullptr;
  const std::string* base = nullptr;

  explicit operator bool() const { return schema != nullptr; }
};

class SchemaDocument {
 public:
  // Refuses with Code::chart what is no schema of its draft, an unknown draft, a reference that
  // leads nowhere or out of the document, and a broken pattern.
  static Result<SchemaDocument> parse(std::string_view text);

  [[nodiscard]] Draft draft() const { return draft_; }

  [[nodiscard]] SchemaPlace root() const;
  // Where `place` is once its own $id is counted.
  [[nodiscard]] SchemaPlace enter(const SchemaPlace& place) const;
  // The schema that a reference of a schema with this base names.
  [[nodiscard]] SchemaPlace resolve(const std::string& base, std::string_view reference) const;
  // The root of the resource with this base.
  [[nodiscard]] SchemaPlace resource(const std::string& base) const;
  [[nodiscard]] SchemaPlace dynamic_anchor(const std::string& base, std::string_view name) const;

  [[nodiscard]] const regex::Expression& pattern(const std::string& text) const { return patterns_.at(text); }

 private:
  SchemaDocument() = default;

  Result<> check(const Value& schema, const std::string& pointer, int depth);
  Result<> check_keywords(const Object& schema, const std::string& pointer, int depth);
  Result<> check_references(const SchemaPlace& given);
  Result<> add_pattern(const std::string& text);
  Result<> add_patterns(const Object& schema);
  void index(const Value& schema, const std::string* base, int depth);
  [[nodiscard]] std::string_view id_of(const Value& schema) const;
  [[nodiscard]] SchemaPlace follow(SchemaPlace at, std::string_view pointer) const;

  std::unique_ptr<Value> root_;
  Draft draft_ = Draft::v2020;
  std::set<std::string> bases_;  // owns the URIs that SchemaPlace points to
  std::map<std::string, const Value*, std::less<>> resources_;       // base → root
  std::map<std::string, SchemaPlace, std::less<>> anchors_;          // "base#name"
  std::map<std::string, SchemaPlace, std::less<>> dynamic_anchors_;  // "base#name"
  std::map<std::string, regex::Expression, std::less<>> patterns_;
  std::set<const Value*> visited_;
};

// `reference` against `base` (RFC 3986, section 5, for the references that schemas make).
std::string resolve_uri(std::string_view base, std::string_view reference);

}  // namespace holdfast::helm
