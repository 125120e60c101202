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

// Where go-yaml left libyaml, or libyaml went on after it.
TEST(YamlWriter, PrintsWhatLibyamlPrintsOtherwise) {
  struct Case {
    Value in;
    std::string want;
  };

  const std::string separator = "\xE2\x80\xA8", long_key(129, 'k');
  const auto cases = std::to_array<Case>({
      {"\xEF\xBB\xBF" "a b", "\"\\uFEFF\\x61\\x20\\x62\"\n"},
      {"a\xEF\xBB\xBF", "\"a\\uFEFF\"\n"},
      {Object{{"k", "#" + separator}}, "k: '#" + separator + "'\n"},
      {Object{{"k", "#" + separator + "b"}}, "k: '#" + separator + "  b'\n"},
      {Object{{"k", separator + "\n"}}, "k: |2+\n" + separator + "\n"},
      {"x\n" + separator, "|+\n  x\n" + separator},
      {Object{{"x\ny", 1}}, "? |-\n  x\n  y\n: 1\n"},
      {Object{{long_key, Array{1, Object{{"a", "b"}}}}}, "? " + long_key + "\n: - 1\n  - a: b\n"},
      {Object{{long_key, Object{{"a", Array{Value(Array{1})}}}}}, "? " + long_key + "\n: a:\n  - - 1\n"},
      {"\x7F\xC2\x80\xC2\x85", "\"\\x7F\\x80\\N\"\n"},
      {Object{{"k", "a\tb\n"}}, "k: \"a\\tb\\n\"\n"},
      {Object{{"k", " a\n"}}, "k: |2\n   a\n"},
      {Object{{"k", std::string(90, 'x') + "  y z"}}, "k: " + std::string(90, 'x') + "  y\n  z\n"},
      {Object{{"k", "\"" + std::string(90, 'x') + "\" \t \ty"}},
       "k: \"\\\"" + std::string(90, 'x') + "\\\"\n  \\t \\ty\"\n"},
  });
  for (const auto& [in, want] : cases)
    EXPECT_EQ(write(in), want);
}

TEST(YamlWriter, ReplacesWhatIsNotUtf8InOnePass) {
  EXPECT_EQ(write(std::string("a\xFF\xE2\x82z")), "a\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBDz\n");
  EXPECT_EQ(write(std::string(1'000'000, '\xFF')).size(), 3'000'001U);
}

TEST(YamlWriter, OrdersKeysThatAreNotUtf8AsTheTextTheyBecome) {
  EXPECT_EQ(write(Object{{"\xB6", 1}, {"a", 2}, {"~", 3}, {"\xBF", 4}}), "\"~\": 3\n\xEF\xBF\xBD: 4\na: 2\n");
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
