// SPDX-License-Identifier: Apache-2.0
#include "http/retry.h"

#include "base/text.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace holdfast::http {
namespace {

constexpr Duration day = std::chrono::hours(24);

bool worth_another(const Attempt& attempt) {
  // 429 says that the request was not looked at, so it may always come again.
  if (attempt.status == 429) return true;
  if (attempt.status == 0) return !attempt.reached || attempt.replayable;
  const bool server_trouble = attempt.status == 500 || attempt.status == 502 ||
                              attempt.status == 503 || attempt.status == 504;
  return server_trouble && attempt.replayable;
}

}  // namespace

bool replayable(Replay replay, std::string_view method) {
  switch (replay) {
    case Replay::safe: return true;
    case Replay::unsafe: return false;
    case Replay::by_method: return method == "GET" || method == "HEAD" || method == "OPTIONS";
  }
  std::unreachable();
}

std::optional<Duration> retry_delay(const RetryPolicy& policy, const Attempt& attempt,
                                    double random) {
  if (!worth_another(attempt)) return std::nullopt;
  Duration delay = policy.first;
  for (int i = 1; i < attempt.number && delay < policy.most; ++i)
    delay *= 2;
  delay = std::min(delay, policy.most);
  const auto spread =
      std::chrono::duration<double, std::nano>(delay) / 2 * std::clamp(random, 0.0, 1.0);
  const Duration own = delay / 2 + std::chrono::duration_cast<Duration>(spread);
  return std::max(own, attempt.retry_after.value_or(Duration::zero()));
}

std::optional<Duration> parse_retry_after(std::string_view text, WallTime now) {
  text = trim(text);
  long long seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (end == text.data() + text.size() && !text.empty()) {
    if (problem == std::errc::result_out_of_range) return day;
    if (problem == std::errc() && seconds >= 0) {
      return std::min<Duration>(day, std::chrono::seconds(std::min(seconds, 86400LL)));
    }
    return std::nullopt;
  }
  struct tm parts = {};
  const std::string copy(text);
  const char* rest = ::strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (rest == nullptr || *rest != '\0') return std::nullopt;
  const WallTime until{std::chrono::seconds(::timegm(&parts))};
  return std::clamp<Duration>(until - now, Duration::zero(), day);
}

}  // namespace holdfast::http
