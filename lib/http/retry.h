// SPDX-License-Identifier: Apache-2.0
// When a request may be sent again, and after how long: pure, so that its table is its test.
// It does not wait and does not know what a request means; randomness and time are arguments.
#pragma once

#include "base/clock.h"

#include <optional>
#include <string_view>

namespace holdfast::http {

// May the peer see the same request twice? by_method: GET, HEAD and OPTIONS may.
enum class Replay { by_method, safe, unsafe };

struct RetryPolicy {
  Duration first = std::chrono::milliseconds(250);  // the base, doubled at each attempt
  Duration most = std::chrono::seconds(15);         // the cap of our own delay, not of Retry-After
};

// How an attempt ended.
struct Attempt {
  int number = 1;           // 1 is the first
  int status = 0;           // 0: no answer
  bool reached = true;      // false: no connection, so the peer has surely not seen the request
  bool replayable = false;  // the request may be seen twice
  std::optional<Duration> retry_after;  // of the answer
};

bool replayable(Replay replay, std::string_view method);

// The delay before the next attempt, or nothing when the answer stands. Half of the exponential
// delay is fixed and half is multiplied by `random` (0 to 1), so that many clients spread; a
// Retry-After is a minimum, never shortened by the cap.
std::optional<Duration> retry_delay(const RetryPolicy& policy, const Attempt& attempt,
                                    double random);

// Retry-After as seconds or as an HTTP date (RFC 9110 10.2.3); nothing when it is neither. Longer
// than a day counts as a day.
std::optional<Duration> parse_retry_after(std::string_view text, WallTime now);

}  // namespace holdfast::http
