// SPDX-License-Identifier: Apache-2.0
#include "value/json.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::json {
namespace {

TEST(Json, PrintsAsGoDoes) {
  struct Case {
    std::string_view in;
    std::string_view want;
  };
  for (const auto& [in, want] : std::to_array<Case>({
           {R"({"b":1,"a":[true,null,"x"]})", R"({"a":[true,null,"x"],"b":1})"},
           {R"("<a>&\u2028é\u007f\u0001")", R"("\u003ca\u003e\u0026\u2028é)" "\x7f" R"(\u0001")"},
           {"[1.0, 1.5, 1e21, 1e-7, 100000000000000000000, 9223372036854775807]",
            "[1,1.5,1e+21,1e-7,100000000000000000000,9223372036854775807]"},
           {"[12345678901234567890.0, -1.2345678901234567e19, 9007199254740993.0, 1e17]",
            "[12345678901234567000,-12345678901234567000,9007199254740992,100000000000000000]"},
           {"{}", "{}"},
       })) {
    const auto value = parse(in, "case");
    ASSERT_TRUE(value) << in << ": " << value.error().message();
    EXPECT_EQ(write(*value), want);
  }
}

TEST(Json, IndentedTextHasOneMemberALine) {
  EXPECT_EQ(write_indented(Object{{"a", Array{1, 2}}, {"b", Object()}}),
            "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

TEST(Json, HostileTextIsRefused) {
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  EXPECT_EQ(parse(deep, "deep").error().code(), Code::limit);
  EXPECT_EQ(parse("{\"a\":1", "cut").error().code(), Code::json_syntax);
  EXPECT_EQ(parse("\"\xff\"", "bytes").error().code(), Code::text_encoding);
  EXPECT_EQ(parse("[1,2]", "big", {.bytes = 4}).error().code(), Code::limit);
  EXPECT_EQ(parse(R"({"a":1,"a":2})", "twice", {}, Duplicates::refuse).error().code(), Code::json_syntax);
}

TEST(Json, SaysWhereItIsWrong) {
  struct Case {
    std::string_view in, where;
  };
  for (const auto& [in, where] : std::to_array<Case>({
           {"", "f:1:1"},
           {"{\n  \"a\" 1}", "f:2:7"},
           {"{\"a\": 1,}", "f:1:9"},
           {"[1,]", "f:1:4"},
           {"[1 2]", "f:1:4"},
           {"[1] x", "f:1:5"},
           {"{\"a\": [1}", "f:1:9"},
           {"{a: 1}", "f:1:2"},
           {"[\"\xC3\xA9\", x]", "f:1:7"},
           {"[\"a]", "f:1:2"},
           {"[\n\"\\q\"]", "f:2:2"},
           {"[\"\xC3\"]", "f:1:3"},
           {"[01]", "f:1:2"},
           {"[1e999]", "f:1:2"},
           {"[[[[[1]]]]]", "f:1:5"},
           {"[1,2,3,4,5,6,7,8,9]", "f:1:18"},
       })) {
    const auto value = parse(in, "f", {.depth = 4, .nodes = 9});
    ASSERT_FALSE(value) << in;
    EXPECT_EQ(value.error().where(), std::vector<std::string>{std::string(where)}) << in << ": " << value.error().message();
  }
  EXPECT_TRUE(parse("[[[[1]]]]", "f", {.depth = 4, .nodes = 9}));
}

TEST(Json, SaysWhatIsWrong) {
  struct Case {
    std::string_view in;
    std::string_view cause;
  };
  for (const auto& [in, cause] : std::to_array<Case>({
           {"", "there is nothing in it"},
           {"{\"a\" 1}", "a comma, colon, bracket or key is missing or one too many"},
           {"[\"a]", "a string has no closing quote"},
           {R"(["\q"])", "a string has an escape that JSON does not know"},
           {"[\"a\nb\"]", "a string has a control character that is not escaped"},
           {"[trick]", "a word starts like true and is not true"},
           {"[fail]", "a word starts like false and is not false"},
           {"[nil]", "a word starts like null and is not null"},
           {"[01]", "a number is not written as JSON writes it"},
       })) {
    const auto read = parse(in, "case");
    ASSERT_FALSE(read) << in;
    ASSERT_EQ(read.error().causes().size(), 1) << in;
    EXPECT_EQ(read.error().causes().front(), cause) << in;
  }
}

TEST(Json, ALongListIsReadElementByElement) {
  std::vector<Value> read;
  const auto take = [&](Value&& element) { read.push_back(std::move(element)); };
  const auto rest = parse_list(R"({"kind":"List","items":[{"items":[1]},"two",18446744073709551616],"a":{"items":[2]}})", "list", "items", take);
  EXPECT_EQ(read, (std::vector<Value>{Object{{"items", Array{1}}}, "two", 18446744073709551616.0}));
  EXPECT_EQ(rest.value(), Value(Object{{"kind", "List"}, {"a", Object{{"items", Array{2}}}}}));

  read.clear();
  EXPECT_EQ(parse_list(R"({"items":null})", "list", "items", take).value(), Value(Object{{"items", nullptr}}));
  EXPECT_EQ(parse_list(R"([1])", "list", "items", take).value(), Value(Array{1}));
  EXPECT_FALSE(parse_list(R"({"items":[1,2})", "list", "items", take));
  EXPECT_TRUE(read.empty());
}

TEST(Json, TheLastOfTwoEqualKeysWinsWhereGoWouldTakeIt) {
  EXPECT_EQ(parse(R"({"a":1,"a":2})", "twice").value(), Value(Object{{"a", 2}}));
}

}  // namespace
}  // namespace holdfast::json
