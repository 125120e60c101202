// SPDX-License-Identifier: Apache-2.0
#include "base/semver.h"

#include <gtest/gtest.h>

namespace holdfast::semver {
namespace {

TEST(Version, ReadsWhatGoProgramsWrite) {
  EXPECT_EQ(Version::parse("v1.2.3-rc.1+b")->to_string(), "1.2.3-rc.1+b");
  EXPECT_EQ(Version::parse("1")->to_string(), "1.0.0");
  EXPECT_EQ(Version::parse("01.2")->to_string(), "1.2.0");
  for (const auto* text :
       {"", "v", "1.", "1.2.3.4", "a1", "1.2.3-", "1.2.3-01", "1..2", " 1", "1.x"}) {
    EXPECT_FALSE(Version::parse(text)) << text;
  }
}

TEST(Version, IsOrderedByPrecedence) {
  const char* ascending[] = {"1.0.0-alpha",  "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta",
                             "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",       "1.0.0",
                             "1.0.1",        "1.9.0",         "1.10.0",           "2.0.0"};
  for (std::size_t i = 1; i < std::size(ascending); ++i) {
    EXPECT_TRUE(compare(*Version::parse(ascending[i - 1]), *Version::parse(ascending[i])) < 0)
        << ascending[i];
  }
  EXPECT_TRUE(compare(*Version::parse("1.0.0+a"), *Version::parse("1.0.0+b")) == 0);
}

TEST(Range, ContainsWhatMastermindsSays) {
  const struct {
    const char *range, *inside, *outside;
  } table[] = {
      {"*", "9.9.9", "9.9.9-rc.1"},
      {"1.x", "1.9.0", "2.0.0"},
      {"1.2.*", "1.2.9", "1.3.0"},
      {"1.2", "1.2.9", "1.3.0"},
      {">=1.2, <2", "1.9.9", "2.0.0"},
      {">=1.2 <2", "1.2.0", "1.1.9"},
      {">11", "12.0.0", "11.9.0"},
      {">11.1", "11.2.0", "11.1.9"},
      {"<=1.2", "1.2.9", "1.3.0"},
      {"~1.2.3", "1.2.9", "1.3.0"},
      {"~1", "1.9.0", "2.0.0"},
      {"^1.2.3", "1.9.0", "1.2.2"},
      {"^0.2.3", "0.2.9", "0.3.0"},
      {"^0.0.3", "0.0.3", "0.0.4"},
      {"^0", "0.9.0", "1.0.0"},
      {"!=1.2.x", "1.3.0", "1.2.3"},
      {"1.2 - 1.4", "1.4.5", "1.5.0"},
      {"1.0.0 || >=3", "3.1.0", "2.0.0"},
      {">=1.0.0-0", "1.1.0-rc.1", "0.9.0"},
      {">=1.0.0-0, <2", "1.1.0-rc.1", "2.0.0"},
      {">= 1.2.3", "1.2.3", "1.2.2"},
      {"v1.2.3", "1.2.3", "1.2.4"},
      {"~0.0.0", "7.0.0", "7.0.0-a"},
  };

  for (const auto& row : table) {
    const auto range = Range::parse(row.range);
    ASSERT_TRUE(range) << row.range;
    EXPECT_TRUE(range->contains(*Version::parse(row.inside))) << row.range << " " << row.inside;
    EXPECT_FALSE(range->contains(*Version::parse(row.outside))) << row.range << " " << row.outside;
  }
}

TEST(Range, RefusesBranchNames) {
  for (const auto* text : {"main", "HEAD", "feature/x-1", "release-1.2", "1.2.3.4", "=>", "1 &"}) {
    EXPECT_FALSE(Range::parse(text)) << text;
  }
}

}  // namespace
}  // namespace holdfast::semver
