// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace holdfast {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) {
    return failure(Error(Code::wrong_type, fmt::format("{} is odd", number)).at("number.txt:3"));
  }
  return number / 2;
}

Result<int> quarter(int number) {
  const int once = TRY(half(number), "first half of {}", number);
  return TRY(half(once), "second half");
}

Result<> check(int number) {
  TRY(half(number));
  return {};
}

TEST(Try, YieldsTheValue) { EXPECT_EQ(quarter(12).value(), 3); }

TEST(Try, PassesTheFailureOnWithItsContext) {
  const auto result = quarter(6);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "second half: 3 is odd (number.txt:3)");
}

TEST(Try, WorksForResultsWithoutAValue) {
  EXPECT_TRUE(check(2));
  EXPECT_FALSE(check(3));
}

TEST(Try, MovesOutWhatCannotBeCopied) {
  const auto make = []() -> Result<std::unique_ptr<int>> { return std::make_unique<int>(7); };
  const auto take = [&]() -> Result<int> {
    const std::unique_ptr<int> owned = TRY(make());
    return *owned;
  };
  EXPECT_EQ(take().value(), 7);
}

TEST(RenderError, HasAlwaysTheSamePartsInTheSameOrder) {
  const auto error = Error(Code::cluster_unreachable, "the cluster demo does not answer")
                         .at("https://127.0.0.1:6443")
                         .at("context demo")
                         .because("connection refused")
                         .within("up");
  EXPECT_EQ(render_error(error, "nothing was changed"),
            "error HF-E-1004: the cluster demo does not answer\n"
            "  where:   https://127.0.0.1:6443\n"
            "           context demo\n"
            "  while:   up\n"
            "  because: connection refused\n"
            "  nothing was changed\n"
            "  fix:     check that the API server runs and that this machine reaches its address\n"
            "  more:    holdfast explain HF-E-1004\n");
}

}  // namespace
}  // namespace holdfast
