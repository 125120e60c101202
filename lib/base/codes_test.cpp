// SPDX-License-Identifier: Apache-2.0
#include "base/codes.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace holdfast {
namespace {

TEST(Codes, EveryCodeHasAUniqueNameAndAFix) {
  std::set<std::string_view> names;
  for (const auto& row : all_codes()) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " is used twice";
    EXPECT_TRUE(row.name.starts_with("HF-E-")) << row.name;
    EXPECT_FALSE(row.fix.empty()) << row.name;
  }
}

TEST(Codes, AreFoundByTheirName) {
  ASSERT_NE(find_code("HF-E-2002"), nullptr);
  EXPECT_EQ(find_code("HF-E-2002")->code, Code::bundle_signature);
  EXPECT_EQ(find_code("HF-E-9999"), nullptr);
}

}  // namespace
}  // namespace holdfast
