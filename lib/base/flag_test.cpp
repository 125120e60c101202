// SPDX-License-Identifier: Apache-2.0
#include "base/flag.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast {
namespace {

TEST(Flag, IsANameAndPerhapsAValue) {
  const struct {
    std::string_view word, name;
    std::optional<std::string_view> value;
  } table[] = {{"--state-dir", "state-dir", std::nullopt}, {"--state-dir=/x=y", "state-dir", "/x=y"}, {"--state-dir=", "state-dir", ""},
               {"-o", "o", std::nullopt},                  {"--", "", std::nullopt}, {"---x", "-x", std::nullopt}};
  for (const auto& row : table) {
    EXPECT_EQ(read_flag(row.word).name, row.name) << row.word;
    EXPECT_EQ(read_flag(row.word).value, row.value) << row.word;
  }
}

TEST(Flag, ThatIsNotKnownIsToldWithTheNearest) {
  constexpr std::array<std::string_view, 2> known{"state-dir", "listen"};
  const auto near = unknown_flag("--state-dri=x", known, "holdfast node up");
  EXPECT_EQ(near.what(), "\"--state-dri=x\" is not a flag of holdfast node up");
  EXPECT_EQ(near.fix_line(), "did you mean --state-dir ?");
  EXPECT_EQ(unknown_flag("-x", known, "holdfast version").fix_line(), "holdfast version --help");
}

}  // namespace
}  // namespace holdfast
