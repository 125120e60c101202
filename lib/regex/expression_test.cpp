// SPDX-License-Identifier: Apache-2.0
#include "regex/expression.h"

#include <gtest/gtest.h>

#include "base/result.h"

namespace holdfast::regex {
namespace {

std::vector<std::string> found(std::string_view pattern, std::string_view text, std::int64_t limit = -1) {
  std::vector<std::string> all;
  for (const auto& match : Expression::compile(pattern).value().find(text, limit))
    all.emplace_back(*match.groups[0]);
  return all;
}

using Texts = std::vector<std::string>;

TEST(Expression, matches_anywhere_unless_it_is_anchored) {
  EXPECT_TRUE(Expression::compile("b+").value().matches("abbc"));
  EXPECT_FALSE(Expression::compile("^b+$").value().matches("abbc"));
  EXPECT_FALSE(Expression::compile("^b$").value().matches("a\nb")) << "a line's begin is not the text's";
}

TEST(Expression, finds_what_go_finds) {
  EXPECT_EQ(found("a*", "baac"), (Texts{"", "aa", ""})) << "an empty match right behind a match does not count";
  EXPECT_EQ(found("", "aé"), (Texts{"", "", ""})) << "a step over an empty match is a character";
  EXPECT_EQ(found("", "\xFF\xC3"), (Texts{"", "", ""})) << "a byte that is no UTF-8 is a character";
  EXPECT_EQ(found("x", "axbxcx", 2), (Texts{"x", "x"}));
  EXPECT_EQ(found("x", "axb", 0), Texts{});
}

TEST(Expression, gives_groups_by_number_and_name) {
  const auto expression = Expression::compile("(a)|(?<other>b)").value();
  const auto matches = expression.find("b", -1, Expression::Groups::all);
  ASSERT_EQ(matches.size(), 1U);
  EXPECT_EQ(matches[0].groups[1], std::nullopt);
  EXPECT_EQ(matches[0].groups.at(expression.group("other").value()), "b");
  EXPECT_EQ(expression.group("none"), std::nullopt);
}

TEST(Expression, refuses_in_go_s_words) {
  struct Case {
    std::string_view pattern, error;
  };
  for (const auto& [pattern, error] : {
           Case{"[a", "error parsing regexp: missing closing ]: `[a`"},
           Case{"a(b", "error parsing regexp: missing closing ): `a(b`"},
           Case{"b)", "error parsing regexp: unexpected ): `b)`"},
           Case{"*a", "error parsing regexp: missing argument to repetition operator: `*`"},
           Case{"a**", "error parsing regexp: invalid nested repetition operator: `**`"},
           Case{"(?<=a)b", "error parsing regexp: invalid or unsupported Perl syntax: `(?<`"},
           Case{"\\C", "error parsing regexp: invalid escape sequence: `\\C`"},
           Case{"a\\", "error parsing regexp: trailing backslash at end of expression: ``"},
           Case{"((a{100}){100}){100}", "error parsing regexp: invalid repeat count: `{100}`"},
       }) {
    const auto compiled = Expression::compile(pattern);
    ASSERT_FALSE(compiled.has_value()) << pattern;
    EXPECT_EQ(compiled.error(), error);
  }
}

TEST(Expression, takes_time_linear_in_the_text) {
  const std::string text(100'000, 'a');
  EXPECT_FALSE(Expression::compile("^(a+)+$").value().matches(text + "b"));
}

}  // namespace
}  // namespace holdfast::regex
