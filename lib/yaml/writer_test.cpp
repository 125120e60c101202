// SPDX-License-Identifier: Apache-2.0
#include "yaml/key_order.h"
#include "yaml/yaml.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::yaml {
namespace {

TEST(YamlWriter, PrintsAsSigsYamlDoes) {
  struct Case {
    Value in;
    std::string_view want;
  };

  const auto cases = std::to_array<Case>({
      {nullptr, "null\n"},
      {"", "\"\"\n"},
      {Object(), "{}\n"},
      {Array(), "[]\n"},
      {"a\nb", "|-\n  a\n  b\n"},
      {"a\n\n", "|+\n  a\n\n"},
      {Object{{"a", "x\n\n"}}, "a: |+\n  x\n\n"},
      {Object{{"b", Array{1, Object{{"x", Array()}, {"y", Object()}}}}, {"a", 1.5}},
       "a: 1.5\nb:\n- 1\n- x: []\n  \"y\": {}\n"},
      {Object{{"a", "yes"},
              {"b", "0755"},
              {"c", "2024-01-01"},
              {"d", "12:30:45"},
              {"e", "a: b"},
              {"f", "<<"}},
       "a: \"yes\"\nb: \"0755\"\nc: \"2024-01-01\"\nd: \"12:30:45\"\ne: 'a: b'\nf: <<\n"},
      {Array{1e6, 1e20, 12345678901234567890.0, 1e-7, 123456789.123},
       "- 1000000\n- 1e+20\n- 12345678901234567000\n- 1e-07\n- 1.23456789123e+08\n"},
      {Array{std::string_view("\xF0\x9F\x98\x80"), "\x1b", "\xff"},
       "- \"\\U0001F600\"\n- \"\\e\"\n- \xEF\xBF\xBD\n"},
      {Object{{"k", std::string(50, 'a') + " " + std::string(40, 'b') + " c"}},
       "k: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "
       "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\n  c\n"},
  });
  for (const auto& [in, want] : cases)
    EXPECT_EQ(write(in), want);
}

TEST(YamlWriter, JoinsDocuments) {
  EXPECT_EQ(write_all({}), "");
  EXPECT_EQ(write_all({Value(1), Value("a")}), "1\n---\na\n");
}

TEST(YamlWriter, SortsKeysInNaturalOrder) {
  constexpr auto sorted = std::to_array<std::string_view>(
      {"#x",  "_a", "1",    "1.5",   "01",  "2",  "10",  "A",  "a",  "a-b",
       "a_b", "a1", "a1b2", "a1b10", "a01", "a2", "a10", "aB", "ab", "é"});
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i) {
    EXPECT_TRUE(key_less(sorted[i], sorted[i + 1])) << sorted[i] << " " << sorted[i + 1];
    EXPECT_FALSE(key_less(sorted[i + 1], sorted[i])) << sorted[i] << " " << sorted[i + 1];
  }
}

}  // namespace
}  // namespace holdfast::yaml
