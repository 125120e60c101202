// SPDX-License-Identifier: Apache-2.0
#include "helm/schema.h"

#include "value/json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace holdfast::helm {
namespace {

struct Case {
  std::string_view schema, values;
  std::string_view problem;  // place and text of the first, "" for none
};

std::string first_problem(const Case& each) {
  const auto values = json::parse(each.values, "values");
  if (!values) return "the values are not JSON";
  const auto problems = check_schema(each.schema, *values);
  if (!problems) return "refused: " + problems.error().message();
  return problems->empty() ? "" : problems->front().place + ": " + problems->front().text;
}

constexpr Case keywords[] = {
    {R"({"type":"object"})", "{}", ""},
    {R"({"properties":{"a":{"type":"integer"}}})", R"({"a":1.0})", ""},
    {R"({"properties":{"a":{"type":"integer"}}})", R"({"a":1.5})", "/a: got number, want integer"},
    {R"({"properties":{"a/b":{"type":["null","string"]}}})", R"({"a/b":1})",
     "/a~1b: got number, want null or string"},
    {R"({"required":["a"]})", "{}", ": missing property \"a\""},
    {R"({"properties":{"a":true},"additionalProperties":false})", R"({"b":1})",
     ": additional properties \"b\" are not allowed"},
    {R"({"patternProperties":{"^x":{"const":1}}})", R"({"x1":2})", "/x1: the value must be 1"},
    {R"({"properties":{"a":{"multipleOf":0.1}}})", R"({"a":0.3})", ""},
    {R"({"properties":{"a":{"multipleOf":2}}})", R"({"a":3})", "/a: multipleOf: got 3, want 2"},
    {R"({"properties":{"a":{"maxLength":1}}})", R"({"a":"é"})", ""},
    {R"({"oneOf":[{"minProperties":1},{"maxProperties":3}]})", R"({"a":1})",
     ": oneOf: alternatives 0, 1 hold together"},
    {R"({"not":{"required":["a"]}})", R"({"a":1})", ": not: the value must not be so"},
    {R"({"if":{"required":["a"]},"then":{"required":["b"]}})", R"({"a":1})",
     ": missing property \"b\""},
    {R"({"properties":{"a":{"prefixItems":[{"type":"string"}],"items":false}}})",
     R"({"a":["x",1]})", "/a/1: nothing is allowed here"},
    {R"({"properties":{"a":{"uniqueItems":true}}})", R"({"a":[1,2,1.0]})",
     "/a: items at 0 and 2 are equal"},
    {R"({"allOf":[{"properties":{"a":true}}],"unevaluatedProperties":false})", R"({"a":1,"b":2})",
     "/b: nothing is allowed here"},
    {R"({"$defs":{"p":{"maximum":9}},"properties":{"a":{"$ref":"#/$defs/p"}}})", R"({"a":10})",
     "/a: maximum: got 10, want 9"},
    {R"({"$defs":{"p":{"$anchor":"x","maximum":9}},"properties":{"a":{"$ref":"#x"}}})",
     R"({"a":10})", "/a: maximum: got 10, want 9"},
    {R"({"$id":"http://h/a.json","$defs":{"p":{"$id":"b.json","maximum":9}},"properties":{"a":{"$ref":"b.json"}}})",
     R"({"a":10})", "/a: maximum: got 10, want 9"},
    {R"({"properties":{"c":{"$ref":"#"}},"additionalProperties":false})", R"({"c":{"c":{"d":1}}})",
     "/c/c: additional properties \"d\" are not allowed"},
};

constexpr Case drafts[] = {
    {R"({"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":{"minimum":5,"exclusiveMinimum":true}}})",
     R"({"a":5})", "/a: exclusiveMinimum: got 5, want 5"},
    {R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"$ref":"#/definitions/p","maximum":1}},"definitions":{"p":{}}})",
     R"({"a":5})", ""},
    {R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"ipv4"}}})",
     R"({"a":"1.2.3.256"})", "/a: \"1.2.3.256\" is no ipv4"},
    {R"({"$schema":"https://json-schema.org/draft/2019-09/schema","properties":{"a":{"format":"ipv4"}}})",
     R"({"a":"zz"})", ""},
    {R"({"$schema":"https://json-schema.org/draft/2019-09/schema","dependentRequired":{"a":["b"]}})",
     R"({"a":1})", ": property \"b\" is required, as \"a\" is there"},
    {R"({"$schema":"http://json-schema.org/draft-04/schema#","const":1})", "{}", ""},
};

// What random schemas and formats found to differ from helm 4.3.1.
constexpr Case edges[] = {
    {R"({"$schema":"http://json-schema.org/draft-06/schema#","properties":{"a":{"$ref":"#/definitions/p","const":1,"maximum":1}},"definitions":{"p":{}}})",
     R"({"a":5})", "/a: the value must be 1"},
    {R"({"properties":{"a":{"then":{"$ref":"#/nowhere"},"additionalItems":{"$ref":"#/nowhere"}}}})", R"({"a":[1]})", ""},
    {R"({"properties":{"a":{"pattern":"^(?<x>a)$"}}})", R"({"a":"b"})",
     "/a: \"b\" does not match the pattern \"^(?<x>a)$\""},
    {R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"email"}}})", R"({"a":"@b"})", ""},
    {R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"uri"}}})", R"({"a":"x:1%e?%z"})", ""},
    {R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"uri-template"}}})",
     R"({"a":"1:2/{b}"})", "/a: \"1:2/{b}\" is no uri-template"},
    {R"({"$schema":"http://json-schema.org/draft-07/schema#","properties":{"a":{"format":"period"}}})",
     R"({"a":"P1D/2020-01-01"})", "/a: \"P1D/2020-01-01\" is no period"},
};

constexpr std::string_view broken[] = {
    "{",
    "[]",
    R"({"type":"any"})",
    R"({"required":true})",
    R"({"pattern":"["})",
    R"x({"$defs":{"a":{"pattern":"(?!x)"}}})x",
    R"({"$defs":{"a":{"patternProperties":{"\\cA":{}}}}})",
    R"({"$id":"a#b"})",
    R"({"$schema":"http://json-schema.org/draft-07/schema#","enum":[1,1.0]})",
    R"({"$ref":"#/$defs/none"})",
    R"({"$ref":"file:///other.json"})",
    R"({"$schema":"http://example.com/schema"})",
    R"({"$schema":"http://json-schema.org/draft-04/schema#","properties":{"a":true}})",
};

TEST(Schema, SaysWhereValuesAreNotAsItWants) {
  for (const auto& each : keywords)
    EXPECT_EQ(first_problem(each), each.problem) << each.schema;
}

TEST(Schema, ReadsEachDraftByItsOwnRules) {
  for (const auto& each : drafts)
    EXPECT_EQ(first_problem(each), each.problem) << each.schema;
}

TEST(Schema, GoesUpstreamsWayAtTheEdges) {
  for (const auto& each : edges)
    EXPECT_EQ(first_problem(each), each.problem) << each.schema;
}

TEST(Schema, RefusesWhatIsNoSchema) {
  for (const auto& text : broken)
    EXPECT_FALSE(check_schema(text, Value(Object()))) << text;
}

TEST(Schema, KeepsEveryPatternHoweverManyThereAre) {
  std::string schema = R"({"patternProperties":{)";
  for (int i = 0; i < 200; ++i) schema += fmt::format(R"({}"^p{}$":{{"const":{}}})", i == 0 ? "" : ",", i, i);
  schema += "}}";
  EXPECT_EQ(first_problem({schema, R"({"p0":0,"p7":7,"p199":199})", ""}), "");
  EXPECT_EQ(first_problem({schema, R"({"p0":1})", ""}), "/p0: the value must be 0");
}

// Each list takes seconds of ten where every two items are compared.
TEST(Schema, FindsEqualItemsInLongLists) {
  std::string list;
  for (int i = 0; i < 200'000; ++i) list += fmt::format("{}[{}]", i == 0 ? "" : ",", i);
  const auto values = fmt::format(R"({{"a":[{},[7.0]]}})", list);
  EXPECT_EQ(first_problem({R"({"properties":{"a":{"uniqueItems":true}}})", values, ""}), "/a: items at 7 and 200000 are equal");
  const auto schema = [&](std::string_view last) {
    return fmt::format(R"({{"$schema":"http://json-schema.org/draft-07/schema#","enum":[{}{}]}})", list, last);
  };
  EXPECT_EQ(first_problem({schema(""), "[5]", ""}), "");
  EXPECT_TRUE(first_problem({schema(",[1]"), "[5]", ""}).starts_with("refused: ")) << "an enum with equal items is no schema";
}

TEST(Schema, EndsWhereAlternativesMultiply) {
  constexpr std::string_view schema =
      R"({"$defs":{"p":{"anyOf":[{"$ref":"#/$defs/p"},{"$ref":"#/$defs/p"}]}},"$ref":"#/$defs/p"})";
  const auto problems = check_schema(schema, Value(Object()));
  ASSERT_FALSE(problems);
  EXPECT_EQ(problems.error().code(), Code::limit);
}

}  // namespace
}  // namespace holdfast::helm
