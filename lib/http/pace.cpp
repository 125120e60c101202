// SPDX-License-Identifier: Apache-2.0
#include "http/pace.h"

namespace holdfast::http {

Pace::Pace(const Clock& clock, Duration window, std::size_t bytes_per_second_min)
    : clock_(clock), window_(window), begun_(clock.steady()) {
  const auto seconds = std::chrono::duration<double>(window).count();
  bytes_min_ = static_cast<std::size_t>(seconds * static_cast<double>(bytes_per_second_min));
}

Result<> Pace::note(std::size_t bytes) {
  bytes_ += bytes;
  const auto now = clock_.steady();
  if (now - begun_ < window_) return {};
  if (bytes_ < bytes_min_) {
    return failure(Code::timed_out, "only {} bytes arrived in {}", bytes_, format_duration(now - begun_));
  }
  begun_ = now;
  bytes_ = 0;
  return {};
}

}  // namespace holdfast::http
