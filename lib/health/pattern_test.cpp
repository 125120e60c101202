// SPDX-License-Identifier: Apache-2.0
// Each row through a script, with Lua's own functions of Lua 5.4.6 as the source of what is wanted.
#include "health/pattern.h"

#include <gtest/gtest.h>

#include "health/lua.h"

namespace holdfast::health {
namespace {

// What the expression gives, its values joined with "|"; or the words of the refusal.
std::string values_of(std::string_view expression) {
  const Value none = Object{};
  const auto script = fmt::format(
      "local all = {{}} for _, each in ipairs(table.pack({})) do all[#all + 1] = tostring(each) end return {{text = table.concat(all, '|')}}",
      expression);
  const auto result = run_lua({script, none});
  return result ? std::string(result->text({"text"})) : result.error().message();
}

std::string all_of(std::string_view text, std::string_view pattern) {
  const Value none = Object{};
  const auto script =
      fmt::format("local all = {{}} for a, b in ('{}'):gmatch('{}') do all[#all + 1] = tostring(a) .. tostring(b) end return {{text = table.concat(all, '|')}}",
                  text, pattern);
  const auto result = run_lua({script, none});
  return result ? std::string(result->text({"text"})) : result.error().message();
}

TEST(Pattern, IsFoundWhereLuaFindsIt) {
  const struct {
    std::string_view expression, want;
  } table[] = {
      {"('3/5'):match('(%d+)/(%d+)')", "3|5"},
      {"string.match('2024-01-02T03:04:05Z', '(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)Z')", "2024|01|02|03|04|05"},
      {"('ClusterPolicy'):match('Policy$')", "Policy"},
      {"('Waiting for it'):find('^Waiting')", "1|7"},
      {"('a.b.c'):find('.', 2, true)", "2|2"},
      {"('abc'):find('b', -1)", ""},
      {"('abc'):find('', 4)", "4|3"},
      {"('abc'):find('', 5)", ""},
      {"('abc'):find('', -9)", "1|0"},
      {"('  x y  '):match('^%s*(.-)%s*$')", "x y"},
      {"('key = value'):match('^(%w+)%s*=%s*(%w+)$')", "key|value"},
      {"('hello'):find('l+')", "3|4"},
      {"('hello'):match('()ll()')", "3|5"},
      {"('f(a(b)c)d'):match('%b()')", "(a(b)c)"},
      {"('THE (quick) fox'):find('%f[%a]%a+%f[%A]', 5)", "6|10"},
      {"('\"it\\'s\" x'):match('([\"\\'])(.-)%1')", "\"|it's"},
      {"('a-z'):match('[a-]+')", "a-"},
      {"('a]b'):match('[]b]+')", "]b"},
      {"('a^b'):match('[b^]+')", "^b"},
      {"('x1Y_'):match('[%w_]+')", "x1Y_"},
      {"('x1'):match('[^%d]')", "x"},
      {"('abc'):match('a?b?c?d?')", "abc"},
      {"('aaa'):match('a-')", ""},
      {"('aaab'):match('^a-b')", "aaab"},
      {"('a.b'):match('%.')", "."},
      {"('$5'):match('$%d')", "$5"},
      {"('x'):match('((x))')", "x|x"},
      {"('a\\0b'):find('%z')", ""},
      {"('a,b,,c'):gsub(',', ';')", "a;b;;c|3"},
      {"('abc'):gsub('', '-')", "-a-b-c-|4"},
      {"('abc'):gsub('%w', '%0%0', 2)", "aabbc|2"},
      {"('hello world'):gsub('(%w+) (%w+)', '%2 %1')", "world hello|1"},
      {"('x'):gsub('x', '%%1')", "%1|1"},
      {"('a b'):gsub('%w', {a = 1, b = false})", "1 b|2"},
      {"('abc'):gsub('()b', '%1')", "a2c|1"},
      {"('abc'):gsub('.', function(c) if c == 'b' then return 'B' end end)", "aBc|3"},
      {"('ERROR, ERROR, x'):gsub('^ERROR, ', '')", "ERROR, x|1"},
      {"('abc'):gsub('b*', '-')", "-a-c-|3"},
      {"string.rep(12, 2)", "1212"},
      {"string.rep(1, 3, 0)", "10101"},
  };
  for (const auto& row : table) EXPECT_EQ(values_of(row.expression), row.want) << row.expression;
  EXPECT_EQ(all_of("k1=v1, k2=v2", "(%w+)=(%w+)"), "k1v1|k2v2");
  EXPECT_EQ(all_of("one two", "%a+"), "onenil|twonil");
  EXPECT_EQ(all_of("abc", ""), "nil|nil|nil|nil");
  EXPECT_EQ(all_of("abc", "b*"), "nil|bnil|nil");
}

TEST(Pattern, ThatIsNoneIsRefusedWithItsMistake) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"%", "ends with '%'"},      {"[a", "no ']'"},         {"[", "no ']'"},  {"[]", "no ']'"},  {"(a", "not closed"}, {"a)", "not open"}, {"%1", "not there"},
      {"(%1)", "not there"},       {"%b(", "two characters"}, {"%fa", "a set"}, {"%0", "not there"},
  };
  for (const auto& [pattern, says] : table) {
    std::int64_t steps = 1000;
    PatternMatch match("aaa", pattern, steps);
    ASSERT_EQ(match.from(0), PatternMatch::Outcome::wrong) << pattern;
    EXPECT_NE(std::string_view(match.problem()).find(says), std::string_view::npos) << pattern << ": " << match.problem();
  }
}

TEST(Pattern, CostsAStepForEachCharacterThatItLooksAt) {
  const std::string text(2000, ' ');
  std::int64_t steps = 1'000'000'000;
  EXPECT_EQ(PatternMatch(text + "x", "%s*$", steps).from(0), PatternMatch::Outcome::matched);
  const auto used = 1'000'000'000 - steps;
  EXPECT_GT(used, 2000 * 1000);  // from each blank to the end
  steps = used / 2;
  EXPECT_EQ(PatternMatch(text + "x", "%s*$", steps).from(0), PatternMatch::Outcome::exhausted);
}

}  // namespace
}  // namespace holdfast::health
