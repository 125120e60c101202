// SPDX-License-Identifier: Apache-2.0
#include "config/document.h"
#include "config/section.h"
#include "value/json.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::config {
namespace {

constexpr std::string_view sample = R"(# a cluster
name = "one"
size = 3
fast = true
when = 2026-01-02T03:04:05Z
tags = ["a", "b"]

[network]
mode = "host"

[[node]]
name = "n1"

[[node]]
nmae = "n2"
)";

Document parsed(std::string_view text) {
  auto document = parse_toml(text, "cluster.toml");
  EXPECT_TRUE(document) << document.error().message();
  return *std::move(document);
}

TEST(Toml, BecomesAValue) {
  EXPECT_EQ(
      json::write(parsed(sample).value),
      R"({"fast":true,"name":"one","network":{"mode":"host"},"node":[{"name":"n1"},{"nmae":"n2"}],)"
      R"("size":3,"tags":["a","b"],"when":"2026-01-02T03:04:05Z"})");
}

TEST(Toml, RefusalsNameThePlace) {
  const auto twice = parse_toml("a = 1\na = 2\n", "f.toml");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code(), Code::toml_syntax);
  EXPECT_EQ(twice.error().where().front(), "f.toml:2:5");
  EXPECT_EQ(parse_toml("x = nan\n", "f.toml").error().message(),
            "inf and nan are not taken here (f.toml:1:1)");
  EXPECT_EQ(parse_toml("x = \"\xff\"", "f.toml").error().code(), Code::text_encoding);
  EXPECT_EQ(parse_toml(std::string(5 << 20, '#'), "f.toml").error().code(), Code::limit);
  EXPECT_EQ(parse_toml("x = " + std::string(10'000, '['), "f.toml").error().code(),
            Code::toml_syntax);
}

TEST(Toml, LettersOutsideOfTextsAreRefusedAtTheirPlace) {
  for (const std::string_view text : {"a = 1\né = 2\n", "a = 1\n a.é = 1\n", "a = 1\nb = 1é\n"}) {
    const auto refused = parse_toml(text, "f.toml");
    ASSERT_FALSE(refused) << text;
    EXPECT_EQ(refused.error().code(), Code::toml_syntax);
    EXPECT_TRUE(refused.error().where().front().starts_with("f.toml:2:")) << refused.error().message();
  }
  EXPECT_EQ(json::write(parsed("a = 'é'  # ß\n").value), R"({"a":"é"})");
}

TEST(Section, ReadsEachKind) {
  const auto document = parsed(sample);
  Section root(document);
  EXPECT_EQ(*root.required_text("name"), "one");
  EXPECT_EQ(*root.required_integer("size"), 3);
  EXPECT_EQ(root.flag("fast")->value(), true);
  EXPECT_EQ(root.integer("absent")->value_or(7), 7);
  EXPECT_EQ(root.texts("tags")->size(), 2);
  EXPECT_EQ(root.section("network")->choice("mode", {"host", "none"})->value(), "host");
  EXPECT_TRUE(root.section("absent_table")->finish());
  EXPECT_EQ(root.sections("node")->size(), 2);
  EXPECT_EQ(root.value("when"), Value("2026-01-02T03:04:05Z"));
  EXPECT_TRUE(root.finish());
}

TEST(Section, RefusalsNameKeyTypeAndPlace) {
  const auto document = parsed(sample);
  Section root(document);
  EXPECT_EQ(root.text("size").error().message(),
            "'size' is of type integer, wanted: a text in quotes (cluster.toml:3:1)");
  EXPECT_EQ(root.required_text("region").error().message(),
            "'region' is missing, wanted: a text in quotes (cluster.toml)");
  auto network = *root.section("network");
  EXPECT_EQ(network.choice("mode", {"nat", "none"}).error().message(),
            "'network.mode' is 'host', wanted: one of 'nat', 'none' (cluster.toml:9:1)");
  EXPECT_EQ(
      root.sections("network").error().message(),
      "'network' is of type object, wanted: tables, each headed [[network]] (cluster.toml:8:2)");
}

TEST(Section, AnUnknownKeyIsNamedWithItsNeighbour) {
  const auto document = parsed(sample);
  Section root(document);
  auto nodes = *root.sections("node");
  static_cast<void>(nodes[1].text("name"));
  const auto finished = nodes[1].finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().message(), "key 'node[1].nmae' is unknown (cluster.toml:15:1)");
  EXPECT_EQ(finished.error().fix_line(), "did you mean 'node[1].name'?");
}

TEST(Section, TablesWhoseKeysAreDataAreListed) {
  const auto document = parsed("[labels]\nb = \"1\"\na = \"2\"\n");
  auto labels = *Section(document).section("labels");
  EXPECT_EQ(labels.keys(), (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(labels.finish());
}

}  // namespace
}  // namespace holdfast::config
