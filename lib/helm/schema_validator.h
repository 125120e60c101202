// SPDX-License-Identifier: Apache-2.0
// Values against a SchemaDocument. Private to lib/helm.
// Mirrors github.com/santhosh-tekuri/jsonschema v6.0.3 validator.go.
#pragma once

#include "base/result.h"
#include "helm/schema.h"
#include "helm/schema_document.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::helm {

// What of an object or array some keyword has looked at: unevaluatedProperties and unevaluatedItems
// judge the rest.
struct Evaluated {
  std::set<std::string_view> members;
  std::set<std::size_t> items;
  bool all_members = false;
  bool all_items = false;

  void add(Evaluated other);
};

class SchemaValidator {
 public:
  explicit SchemaValidator(const SchemaDocument& document) : document_(document) {}

  Result<std::vector<SchemaProblem>> run(const Value& values);

 private:
  using Problems = std::vector<SchemaProblem>;

  // A value, where it is, and the schema that judges it.
  struct Subject {
    const Value& value;
    const std::string& place;
    SchemaPlace schema;
    Problems& problems;
    Evaluated& evaluated;

    [[nodiscard]] const Value* keyword(std::string_view name) const {
      return schema.schema->find(name);
    }

    void blame(std::string text) const {
      problems.push_back({.place = place, .text = std::move(text)});
    }
  };

  // Appends what is wrong and adds what was looked at; nothing appended means that it holds.
  void check(const Value& value, const std::string& place, const SchemaPlace& schema,
             Problems& problems, Evaluated& evaluated);
  // The same value against another schema: its problems, none when it holds; what it looked at
  // counts only then.
  Problems apply(const Subject& subject, const Value& schema);
  Problems apply_place(const Subject& subject, const SchemaPlace& schema);
  bool check_part(const Subject& subject, const Value& part, const std::string& token,
                  const Value& schema);

  void check_references(const Subject& subject);
  void check_beside_reference(const Subject& subject);
  void check_const(const Subject& subject);
  void check_any(const Subject& subject);
  void check_number(const Subject& subject);
  void check_text(const Subject& subject);
  void check_combined(const Subject& subject);
  void check_one_of(const Subject& subject, const Array& schemas);
  void check_conditional(const Subject& subject);
  void check_array(const Subject& subject);
  void check_items(const Subject& subject);
  void check_contains(const Subject& subject);
  void check_object(const Subject& subject);
  void check_members(const Subject& subject);
  void check_names(const Subject& subject);
  void check_dependencies(const Subject& subject);
  void check_unevaluated(const Subject& subject);
  [[nodiscard]] SchemaPlace dynamic_target(const SchemaPlace& target,
                                           std::string_view reference) const;
  [[nodiscard]] SchemaPlace recursive_target(const SchemaPlace& target) const;

  [[nodiscard]] bool since(Draft draft) const { return document_.draft() >= draft; }

  const SchemaDocument& document_;
  std::vector<const std::string*> scope_;  // bases of the resources entered, outermost first
  std::uint64_t steps_ = 0;
  int depth_ = 0;
  bool exceeded_ = false;
};

double real_of(const Value& value);  // of a number; else 0
// JSON equality: numbers by value.
bool json_equal(const Value& a, const Value& b);
// The first two that are equal, by the first one's place. In time that grows with the list.
std::optional<std::pair<std::size_t, std::size_t>> equal_items(const Array& list);
std::string type_of(const Value& value);  // "number", "string", …

}  // namespace holdfast::helm
