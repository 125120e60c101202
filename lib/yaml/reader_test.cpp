// SPDX-License-Identifier: Apache-2.0
#include "value/json.h"
#include "yaml/yaml.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::yaml {
namespace {

std::string as_json(std::string_view text, Dialect dialect, const Limits& limits = {}) {
  const auto value = parse_one(text, "f.yaml", dialect, limits);
  return value ? json::write(*value, json::Escape::plain) : value.error().message();
}

TEST(YamlReader, ReadsWhatBothDialectsAgreeOn) {
  struct Case {
    std::string_view in;
    std::string_view want;
  };

  for (const auto& [in, want] : std::to_array<Case>({
           {"a: 1\nb: [x, 'y', \"z\"]\nc: {d: null, e: ~}\n",
            R"({"a":1,"b":["x","y","z"],"c":{"d":null,"e":null}})"},
           {"", "null"},
           {"# nothing\n", "null"},
           {"\xEF\xBB\xBF"
            "a: 1",
            R"({"a":1})"},
           {"a: 1\n---\nb: [", R"({"a":1})"},
           {"a: &x {b: 1}\nc: *x\n", R"({"a":{"b":1},"c":{"b":1}})"},
           {"a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n", R"({"a":{"b":1,"c":2},"d":{"b":1,"c":3}})"},
           {"a: &x {b: 1}\ne: &y {b: 2, f: 3}\nd:\n  <<: [*x, *y]\n",
            R"({"a":{"b":1},"d":{"b":1,"f":3},"e":{"b":2,"f":3}})"},
           {"a: !!str 12\nb: !!float 3\nc: !!binary aGk=\nd: !mine x\n",
            R"({"a":"12","b":3,"c":"hi","d":"x"})"},
           {"a: |\n  x\n  y\nb: >-\n  x\n  y\n", R"({"a":"x\ny\n","b":"x y"})"},
           {"\"<<\": 1\n", R"({"<<":1})"},
       })) {
    EXPECT_EQ(as_json(in, Dialect::kube), want) << in;
    EXPECT_EQ(as_json(in, Dialect::kyaml), want) << in;
  }
}

TEST(YamlReader, DialectsDifferInKeysDatesAndMerges) {
  struct Case {
    std::string_view in;
    std::string_view kube;
    std::string_view kyaml;
  };

  for (const auto& [in, kube, kyaml] : std::to_array<Case>({
           {"n: y", R"({"false":true})", R"({"n":"y"})"},
           {"a: ! 5\nb: ! \"6\"\nc: ! x", R"({"a":"5","b":"6","c":"x"})", R"({"a":5,"b":"6","c":"x"})"},
           {"a: 2024-01-02", R"({"a":"2024-01-02"})", R"({"a":"2024-01-02T00:00:00Z"})"},
           {"1: x", R"({"1":"x"})", R"({"1":"x"})"},
           {"a: {1: x}", R"({"a":{"1":"x"}})",
            "map key '1' is a integer, keys are text: put it in quotes (f.yaml:1:5)"},
           {"x: &x {a: 1}\ny:\n  a: 2\n  <<: *x\n", R"({"true":{"a":1},"x":{"a":1}})",
            R"({"x":{"a":1},"y":{"a":2}})"},
       })) {
    EXPECT_EQ(as_json(in, Dialect::kube), kube) << in;
    EXPECT_EQ(as_json(in, Dialect::kyaml), kyaml) << in;
  }
}

TEST(YamlReader, RefusesWithItsPlace) {
  struct Case {
    std::string_view in;
    Code code;
    std::string_view want;
  };

  for (const auto& [in, code, want] : std::to_array<Case>({
           {"a: b: c", Code::yaml_syntax,
            "the text is not YAML (f.yaml:1:5): mapping values are not allowed in this context"},
           {"a:\n\t- b", Code::yaml_syntax,
            "the text is not YAML (f.yaml:2:1): found character that cannot start any token"},
           {"a: 1\nb: 2\na: 3", Code::yaml_syntax,
            "key 'a' is already there in this map (f.yaml:3:1; f.yaml:1:1 (the first))"},
           {"x:\n- {<<: {a: 1}, b: 1, b: 2}", Code::yaml_syntax,
            "key 'b' is already there in this map (f.yaml:2:22; f.yaml:2:16 (the first))"},
           {"a: *b", Code::yaml_syntax,
            "alias of 'b', which no anchor before it names (f.yaml:1:4)"},
           {"a: &b [*b]", Code::yaml_syntax, "anchor 'b' contains itself (f.yaml:1:8)"},
           {"a: .inf", Code::wrong_type, "number '.inf' has no JSON form (f.yaml:1:4)"},
           {"a: !!int x", Code::wrong_type,
            "'x' is not of the type that its tag !!int names (f.yaml:1:4)"},
           {"[a]: b", Code::wrong_type, "a map key is no text (f.yaml:1:1)"},
           {"a: b\nc: \xff", Code::text_encoding,
            "the text is not UTF-8 (f.yaml:2:4): invalid leading UTF-8 octet"},
           {"a: b\nc: \x01", Code::yaml_syntax,
            "the text is not YAML (f.yaml:2:4): control characters are not allowed"},
           {"<<: 1", Code::wrong_type, "'<<' merges maps, this is a integer (f.yaml:1:5)"},
       })) {
    const auto value = parse_one(in, "f.yaml", Dialect::kyaml);
    ASSERT_FALSE(value) << in;
    EXPECT_EQ(value.error().message(), want);
    EXPECT_EQ(value.error().code(), code) << in;
  }
}

TEST(YamlReader, KeepsTheLastOfEqualKeysWhenAsked) {
  EXPECT_EQ(as_json("a: 1\na: 2\n", Dialect::kube, {.duplicates = Duplicates::keep_last}),
            R"({"a":2})");
}

TEST(YamlReader, OfAHeadOnlyTheMembersAskedForAreKept) {
  constexpr Limits last{.duplicates = Duplicates::keep_last};
  constexpr auto keys = std::to_array<std::string_view>({"kind", "metadata"});
  const auto head = [&](std::string_view text) {
    const auto value = parse_head(text, "f.yaml", Dialect::kube, last, keys);
    return value ? json::write(*value, json::Escape::plain) : value.error().message();
  };
  struct Case {
    std::string_view in;
    std::string_view want;
  };
  for (const auto& [in, want] : std::to_array<Case>({
           {"kind: A\nspec: {a: [1, {b: c}], kind: B}\nmetadata: {name: x, labels: {spec: 1}}\n",
            R"({"kind":"A","metadata":{"labels":{"spec":1},"name":"x"}})"},
           {"kind: A\nkind: B\n", R"({"kind":"B"})"},
           {"spec: {}\n", "{}"},
           {"- kind: A\n", R"([{"kind":"A"}])"},
           {"", "null"},
           // An anchor may be asked for elsewhere: then all is kept.
           {"spec: &x {a: 1}\nmetadata: *x\n", R"({"metadata":{"a":1},"spec":{"a":1}})"},
       })) {
    EXPECT_EQ(head(in), want) << in;
  }
  // The rest is read for its mistakes.
  for (const std::string_view in : {"kind: A\nspec: {a: .inf}\n", "kind: A\nspec: {a: *b}\n",
                                    "kind: A\nspec: {[1]: 2}\n", "kind: A\nspec: [\n"}) {
    EXPECT_FALSE(parse_head(in, "f.yaml", Dialect::kube, last, keys)) << in;
    EXPECT_EQ(head(in), as_json(in, Dialect::kube)) << in;
  }
}

TEST(YamlReader, ReadsStreamsAndSkipsEmptyDocuments) {
  const auto documents =
      parse_all("---\n# c\n---\na: 1\n---\nnull\n...\n---\n- 2\n", "f", Dialect::kube);
  ASSERT_TRUE(documents) << documents.error().message();
  ASSERT_EQ(documents->size(), 2);
  EXPECT_EQ(documents->at(0).index, 1);
  EXPECT_EQ(documents->at(0).start, (Position{4, 1}));
  EXPECT_EQ(documents->at(1).index, 3);
}

TEST(YamlReader, HostileTextMeetsTheBudgets) {
  std::string bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (char c = 'b'; c < 'l'; ++c) {
    const char before = static_cast<char>(c - 1);
    bomb += fmt::format("{0}: &{0} [*{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}, *{1}]\n",
                        c, before);
  }
  EXPECT_EQ(parse_one(bomb, "bomb", Dialect::kube).error().code(), Code::limit);

  const std::string big = "a: &a " + std::string(100'000, 'x') + "\nb: [" + [] {
    std::string out;
    for (int i = 0; i < 1000; ++i)
      out += "*a, ";
    return out;
  }() + "]\n";
  EXPECT_EQ(parse_one(big, "big", Dialect::kube).error().message(),
            "more than 67108864 bytes of scalars, aliases expanded (big:2:2681)");

  EXPECT_EQ(parse_one(std::string(100'000, '['), "deep", Dialect::kube).error().message(),
            "nested deeper than 100 (deep:1:101)");
  std::string dashes;
  for (int i = 0; i < 50'000; ++i)
    dashes += "- ";
  EXPECT_EQ(parse_one(dashes, "dashes", Dialect::kube).error().code(), Code::limit);
  EXPECT_EQ(parse_one("a: b", "f", Dialect::kube, {.bytes = 3}).error().message(),
            "the text has 4 bytes, the limit is 3 (f)");
}

TEST(YamlReader, DepthCountsThroughAliases) {
  EXPECT_TRUE(parse_one("a: &a [[1]]\nb: [*a]", "f", Dialect::kube, {.depth = 4}));
  EXPECT_EQ(parse_one("a: &a [[1]]\nb: [*a]", "f", Dialect::kube, {.depth = 3}).error().code(),
            Code::limit);
}

TEST(YamlReader, LocatesAPointer) {
  constexpr std::string_view text = "---\n---\na/b:\n  c:\n  - x\n  - {y: 1,\n     z: 2}\n";

  struct Case {
    std::string_view pointer;
    Position want;
  };

  for (const auto& [pointer, want] : std::to_array<Case>({
           {"", {3, 1}},
           {"/a~1b", {4, 3}},
           {"/a~1b/c/0", {5, 5}},
           {"/a~1b/c/1/z", {7, 9}},
           {"/a~1b/c/1/missing", {6, 5}},
           {"/none", {3, 1}},
       })) {
    EXPECT_EQ(place("f", locate(text, 1, pointer)), place("f", want)) << pointer;
    EXPECT_EQ(place("f", Places(text).locate(1, pointer)), place("f", want)) << pointer;
  }
}

}  // namespace
}  // namespace holdfast::yaml
