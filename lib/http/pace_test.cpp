// SPDX-License-Identifier: Apache-2.0
#include "http/pace.h"

#include <gtest/gtest.h>

namespace holdfast::http {
namespace {

using std::chrono::seconds;

TEST(Pace, EndsATrickleAfterOneWindow) {
  ManualClock clock;
  Pace pace(clock, seconds(30), 1024);
  for (int i = 0; i < 29; ++i) {
    clock.advance(seconds(1));
    EXPECT_TRUE(pace.note(1));
  }
  clock.advance(seconds(1));
  const auto late = pace.note(1);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::timed_out);
  EXPECT_EQ(late.error().message(), "only 30 bytes arrived in 30.0 s");
}

TEST(Pace, JudgesEachWindowByItself) {
  ManualClock clock;
  Pace pace(clock, seconds(30), 1024);
  EXPECT_TRUE(pace.note(std::size_t{1} << 20));
  clock.advance(seconds(30));
  EXPECT_TRUE(pace.note(1));  // a fast first window
  clock.advance(seconds(30));
  EXPECT_FALSE(pace.note(1));  // pays for no later one
}

}  // namespace
}  // namespace holdfast::http
