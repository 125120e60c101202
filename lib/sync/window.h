// SPDX-License-Identifier: Apache-2.0
// Sync windows of a project: when an Application may sync by itself or by hand. Pure: the time is an
// argument. Mirrors argoproj/argo-cd 3.6 types.go: SyncWindows.CanSync, and robfig/cron's five fields.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "value/value.h"

namespace holdfast::sync {

// When a schedule fires: minute, hour, day of month, month, day of week.
class Cron {
 public:
  // Nothing when the text is not five fields of numbers, lists, ranges and steps, or an @word.
  static std::optional<Cron> parse(std::string_view text);

  // Did it fire in (now - duration, now]? Looks back minute by minute, at most ten years' worth of
  // `duration` is cut to one year.
  [[nodiscard]] bool fired_within(WallTime now, Duration duration) const;

 private:
  [[nodiscard]] bool fires_at(std::chrono::sys_time<std::chrono::minutes> minute) const;

  std::uint64_t minutes_ = 0;
  std::uint64_t hours_ = 0, days_ = 0, months_ = 0, weekdays_ = 0;
  bool any_day_ = true, any_weekday_ = true;
};

enum class SyncKind { automated, manual };

struct Window {
  bool deny = false;
  std::optional<Cron> schedule;
  Duration duration{};
  Duration zone_offset{};  // of the time zone, at the time asked for
  std::string zone;
  std::vector<std::string> applications, namespaces, clusters;
  bool all_must_match = false;
  bool manual = false;
  bool overrun = false;
};

struct WindowSubject {
  std::string_view application, namespace_, server, cluster_name;
};

std::vector<Window> decode_windows(const Value* windows);

// May the Application sync now? `started`: when its operation began, for windows that may overrun.
bool may_sync(const std::vector<Window>& windows, const WindowSubject& subject, SyncKind kind,
              WallTime now, std::optional<WallTime> started = std::nullopt);

}  // namespace holdfast::sync
