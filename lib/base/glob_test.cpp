// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace holdfast {
namespace {

TEST(Glob, MatchesAsGobwasDoes) {
  struct Case {
    std::string_view pattern;
    std::string_view text;
    bool plain;
    bool separator;
  };

  for (const auto& [pattern, text, plain, separator] : std::to_array<Case>({
           {"", "", true, true},
           {"", "a", false, false},
           {"a*", "abc", true, true},
           {"*c", "abc", true, true},
           {"a*c*e", "abcde", true, true},
           {"a*c", "abcd", false, false},
           {"sub/*", "sub/deep/f", true, false},
           {"sub/**", "sub/deep/f", true, true},
           {"**/f", "sub/deep/f", true, true},
           {"**/*.y*", "a/b/c.yaml", true, true},
           {"*/f", "a/b/f", true, false},
           {"a?c", "abc", true, true},
           {"a?c", "a/c", true, false},
           {"a?c", "aéc", false, false},
           {"?", "é", true, true},
           {"[é]", "é", true, true},
           {"a[é]", "aé", false, false},
           {"a[!b]", "aé", false, false},
           {"[ab]x", "bx", true, true},
           {"[!ab]x", "bx", false, false},
           {"[a-c]x", "cx", true, true},
           {"{a,b*}.yaml", "bc.yaml", true, true},
           {"{a,{b,c}d}", "cd", true, true},
           {"{a,}x", "x", true, true},
           {"\\*", "*", true, true},
           {"\\*", "a", false, false},
           {"[a", "a", false, false},
           {"{a", "a", true, true},
           {"{a,b", "b", true, true},
           {"[^a]", "a", true, true},
           {"[^a]", "b", false, false},
           {"[xa-c]", "b", false, false},
           {"[xa-c]", "-", true, true},
           {"[a-cx]", "b", false, false},
           {"[a\\]]", "]", true, true},
           {"[]a]", "a", false, false},
           {"d/**/x", "d/x", true, true},
           {"d/**/x", "d/e/x", true, true},
           {"d/*/x", "d/x", true, false},
           {"d/**/*.x", "d/a.x", false, false},
           {"ab*bc", "abc", true, false},
       })) {
    EXPECT_EQ(glob_match(pattern, text), plain) << pattern << " " << text;
    EXPECT_EQ(glob_match(pattern, text, GlobMode::separator), separator) << pattern << " " << text;
  }
}

TEST(Glob, HostilePatternsEndQuickly) {
  std::string stars;
  std::string braces;
  for (int i = 0; i < 1000; ++i)
    stars += "a*";
  for (int i = 0; i < 30; ++i)
    braces += "{a,b}";
  EXPECT_FALSE(glob_match(stars + "b", std::string(5000, 'a')));
  EXPECT_FALSE(glob_match(braces, std::string(30, 'a')));
}

}  // namespace
}  // namespace holdfast
