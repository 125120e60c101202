// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

#include <array>

#include "base/ascii.h"
#include "base/clock.h"

namespace holdfast {
namespace {

TEST(Text, SplitKeepsEmptyParts) {
  EXPECT_EQ(split("a,,b,", ','), (std::vector<std::string_view>{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (std::vector<std::string_view>{""}));
}

TEST(Text, CommaWordsAreTrimmedAndNeverEmpty) {
  EXPECT_EQ(comma_words(" a,\tb c ,, d,"), (std::vector<std::string_view>{"a", "b c", "d"}));
  EXPECT_TRUE(comma_words("").empty());
  EXPECT_TRUE(comma_words(" , ").empty());
}

TEST(Text, LettersOfAsciiAreLoweredAndOthersLeft) {
  EXPECT_EQ(ascii_lower("AZaz09[@É"), "azaz09[@É");
  EXPECT_TRUE(equal_ignoring_case("Name-É", "nAME-É"));
  EXPECT_FALSE(equal_ignoring_case("É", "é"));
  EXPECT_FALSE(equal_ignoring_case("a", "ab"));
}

TEST(Text, InvalidUtf8IsFoundAtItsFirstByte) {
  struct Case {
    std::string_view text;
    std::optional<std::size_t> want;
  };
  for (const auto& [text, want] : std::to_array<Case>({
           {"plain", {}},
           {"grün €😀", {}},
           {"a\xC0\x80", 1},          // overlong
           {"ab\xED\xA0\x80", 2},     // surrogate
           {"\xF4\x90\x80\x80", 0},   // above U+10FFFF
           {"x\xE2\x82", 1},          // cut off
       })) {
    EXPECT_EQ(find_invalid_utf8(text), want) << printable(text);
  }
}

TEST(Text, PrintableDisarmsTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31mb\n"), "a\\x1b[31mb\\x0a");
  EXPECT_EQ(printable("c1:\xC2\x9B!"), "c1:\\xc2\\x9b!");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
}

TEST(Text, NearestFindsTheTypo) {
  constexpr auto known = std::to_array<std::string_view>({"replicas", "resources", "image"});
  EXPECT_EQ(nearest("replica", known), "replicas");
  EXPECT_EQ(nearest("iamge", known), "image");
  EXPECT_EQ(nearest("zzzzzzzz", known), std::nullopt);
}

TEST(Text, Base64GoesBothWays) {
  for (const std::string_view text : {"", "a", "ab", "abc", "\xff\x00\x10"}) {
    EXPECT_EQ(from_base64(to_base64(text)), text);
  }
  EXPECT_EQ(to_base64("holdfast"), "aG9sZGZhc3Q=");
  EXPECT_EQ(from_base64("a==="), std::nullopt);
  EXPECT_EQ(from_base64("aG9=ZGZh"), std::nullopt);
}

TEST(Text, CleansPathsAsGoDoes) {
  for (const auto& [path, cleaned] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"a/b", "a/b"}, {"a//./b/", "a/b"}, {"a/../b", "b"}, {"a/../../b", "../b"}, {"../../a", "../../a"}, {"a/..", ""}, {"./", ""}}) {
    EXPECT_EQ(clean_path(path), cleaned) << path;
  }
}

TEST(Text, PathsStayInsideTheTree) {
  EXPECT_EQ(join_inside("a/b", "../c/./d"), "a/c/d");
  EXPECT_EQ(join_inside("a", ".."), "");
  EXPECT_EQ(join_inside("a", "../.."), std::nullopt);
  EXPECT_EQ(join_inside("a", "/etc"), std::nullopt);
}

TEST(Clock, TimesGoBothWays) {
  const auto time = parse_rfc3339("2026-11-23T08:00:01.5+02:00");
  ASSERT_TRUE(time);
  EXPECT_EQ(format_rfc3339(*time), "2026-11-23T06:00:01Z");
  for (const std::string_view bad : {"", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T08:00:01", "x026-11-23T08:00:01Z"}) {
    EXPECT_FALSE(parse_rfc3339(bad)) << bad;
  }
}

TEST(Clock, DurationsReadAsCommandsPrintThem) {
  EXPECT_EQ(format_duration(std::chrono::milliseconds(640)), "0.6 s");
  EXPECT_EQ(format_duration(std::chrono::seconds(161)), "2 min 41 s");
}

}  // namespace
}  // namespace holdfast
