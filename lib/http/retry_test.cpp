// SPDX-License-Identifier: Apache-2.0
#include "http/retry.h"

#include <gtest/gtest.h>

namespace holdfast::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Retry, DecidesByWhatThePeerMayHaveSeen) {
  struct Case {
    const char* name;
    Attempt attempt;
    bool again;
  };

  const Case cases[] = {
      {"no connection, unsafe", {.reached = false}, true},
      {"cut, unsafe", {}, false},
      {"cut, replayable", {.replayable = true}, true},
      {"429 unsafe", {.status = 429}, true},
      {"503 unsafe", {.status = 503}, false},
      {"503 replayable", {.status = 503, .replayable = true}, true},
      {"500 replayable", {.status = 500, .replayable = true}, true},
      {"501 replayable", {.status = 501, .replayable = true}, false},
      {"200", {.status = 200, .replayable = true}, false},
      {"409", {.status = 409, .replayable = true}, false},
      {"404", {.status = 404, .replayable = true}, false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(retry_delay({}, c.attempt, 0.5).has_value(), c.again) << c.name;
}

TEST(Retry, DoublesUpToTheCapAndSpreadsOverHalf) {
  const RetryPolicy policy{milliseconds(100), seconds(1)};
  const auto delay = [&](int number, double random) {
    return *retry_delay(policy, {.number = number, .status = 429}, random);
  };
  EXPECT_EQ(delay(1, 0), milliseconds(50));
  EXPECT_EQ(delay(1, 1), milliseconds(100));
  EXPECT_EQ(delay(3, 1), milliseconds(400));
  EXPECT_EQ(delay(5, 1), seconds(1));
  EXPECT_EQ(delay(2'000'000'000, 1), seconds(1));
}

TEST(Retry, TakesRetryAfterAsAMinimumThatTheCapDoesNotShorten) {
  const RetryPolicy policy{milliseconds(100), seconds(1)};
  EXPECT_EQ(retry_delay(policy, {.status = 429, .retry_after = seconds(60)}, 1), seconds(60));
  EXPECT_EQ(retry_delay(policy, {.number = 4, .status = 429, .retry_after = milliseconds(1)}, 1),
            milliseconds(800));
}

TEST(Retry, ReadsRetryAfterInBothForms) {
  const WallTime now = *parse_rfc3339("2026-11-23T08:00:00Z");
  EXPECT_EQ(parse_retry_after("7", now), seconds(7));
  EXPECT_EQ(parse_retry_after(" 0 ", now), seconds(0));
  EXPECT_EQ(parse_retry_after("Mon, 23 Nov 2026 08:00:30 GMT", now), seconds(30));
  EXPECT_EQ(parse_retry_after("Mon, 23 Nov 2026 07:00:30 GMT", now), seconds(0));
  EXPECT_EQ(parse_retry_after("99999999999999999999", now), std::chrono::hours(24));
  EXPECT_EQ(parse_retry_after("86401", now), std::chrono::hours(24));
  for (const auto* bad : {"", "-1", "7s", "soon", "Mon, 23 Nov 2026 08:00:30 GMT x"}) {
    EXPECT_EQ(parse_retry_after(bad, now), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace holdfast::http
