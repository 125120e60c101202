// SPDX-License-Identifier: Apache-2.0
// Time as an argument, so that tests and the simulator own it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holdfast {

using Duration = std::chrono::nanoseconds;
using SteadyTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::nanoseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual SteadyTime steady() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override;
  [[nodiscard]] WallTime wall() const override;
};

// For tests: stands still until moved.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] SteadyTime steady() const override { return steady_; }
  [[nodiscard]] WallTime wall() const override { return wall_; }
  void advance(Duration by) {
    steady_ += std::chrono::duration_cast<SteadyTime::duration>(by);
    wall_ += by;
  }

 private:
  SteadyTime steady_{};
  WallTime wall_{};
};

// metav1.Time as Kubernetes prints it: "2026-11-23T08:00:00Z", whole seconds, UTC.
std::string format_rfc3339(WallTime time);
// Accepts fractional seconds and offsets. Refuses with Code::wrong_type.
Result<WallTime> parse_rfc3339(std::string_view text);

// "0.6 s", "2 min 41 s": durations as commands print them.
std::string format_duration(Duration duration);

}  // namespace holdfast
