// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/semver.h"

#include <gtest/gtest.h>

namespace holdfast::gotmpl {
namespace {

TEST(Semver, VersionsAreReadAsMastermindsReadsThem) {
  struct Row {
    std::string_view text;
    std::string_view printed;  // "" when it is refused
  };
  const Row rows[] = {
      {"1.2.3", "1.2.3"},       {"v1.20", "1.20.0"},       {"1", "1.0.0"},
      {"01.02.03", "1.2.3"},    {"1.2.3-rc.1+b.2", "1.2.3-rc.1+b.2"},
      {"v1.33.4-gke.1", "1.33.4-gke.1"},                    {"1.2.3-01", ""},
      {"", ""},                 {"1.2.3.4", ""},            {"1.2.", ""},
      {"V1.2.3", ""},           {"1.2.3-", ""},             {"99999999999999999999.0.0", ""},
  };
  for (const Row& row : rows) {
    Result<Version> version = Version::parse(row.text);
    EXPECT_EQ(version.has_value(), !row.printed.empty()) << row.text;
    if (version) { EXPECT_EQ(version->print(), row.printed) << row.text; }
  }
}

TEST(Semver, ConstraintsAllowWhatMastermindsAllows) {
  struct Row {
    std::string_view constraint;
    std::string_view version;
    bool allowed;
  };
  const Row rows[] = {
      {">=1.19", "v1.33.4-gke.1", false}, {">=1.19-0", "v1.33.4-gke.1", true},
      {"!=1.2", "1.2.0", false},          {"!=1.2", "1.3.0", true},
      {"=1.2", "1.2.7", true},            {"1.2", "1.2.7", true},
      {">1.2", "1.2.5", false},           {">1.2", "1.3.0", true},
      {"<=1.2", "1.2.9", true},           {"*", "1.2.3-rc", false},
      {"x", "4.5.6", true},               {"~1.2.3", "1.2.9", true},
      {"~1.2.3", "1.3.0", false},         {"^0.2.3", "0.2.9", true},
      {"^0.2.3", "0.3.0", false},         {"^0.0.3", "0.0.4", false},
      {"1.2 - 1.4", "1.4.9", true},       {"1.2 - 1.4", "1.5.0", false},
      {"<1 || >=2, <3", "2.5.0", true},   {"<1 || >=2, <3", "3.0.0", false},
      {">= 1.2 < 3", "2.9.9", true},      {"1.x", "1.9.0", true},
  };
  for (const Row& row : rows) {
    Result<Constraints> constraints = Constraints::parse(row.constraint);
    ASSERT_TRUE(constraints.has_value()) << row.constraint;
    EXPECT_EQ(constraints->allow(*Version::parse(row.version)), row.allowed)
        << row.constraint << " of " << row.version;
  }
}

TEST(Semver, ImproperConstraintsAreRefused) {
  for (std::string_view text : {"abc", "", ">=1.0<2.0", "1.2.3.4", ">=", "1.0 ||", ">= 1.0,, <2"}) {
    EXPECT_FALSE(Constraints::parse(text).has_value()) << text;
  }
  EXPECT_EQ(Constraints::parse("abc").error().what(), "improper constraint: \"abc\"");
}

}  // namespace
}  // namespace holdfast::gotmpl
