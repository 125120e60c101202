// SPDX-License-Identifier: Apache-2.0
// Sync windows of a project: when an Application may sync by itself or by hand. The time is an argument; time zones
// are those of this machine. Mirrors argoproj/argo-cd 3.6 types.go: SyncWindows.CanSync, and robfig/cron's five fields.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "sync/application.h"
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
  enum class Kind { allow, deny, neither } kind = Kind::neither;
  std::string text;     // "deny:0 8 * * *:1h"
  std::string problem;  // why it cannot be read; "" when it can
  std::optional<Cron> schedule;
  Duration duration{};
  std::string zone;  // that the schedule is told in; UTC where it is not known
  std::vector<std::string> applications, namespaces, clusters;
  bool all_must_match = false;
  bool manual = false;
  bool overrun = false;
};

// What a window is for: the cluster as the Application says it, by its URL or by its name.
struct WindowSubject {
  std::string_view application, namespace_, server, cluster_name;
};
// Refers to the Application.
WindowSubject window_subject(const Application& application);

std::vector<Window> decode_windows(const Value* windows);

// Those that are for the subject.
std::vector<const Window*> windows_for(const std::vector<Window>& windows, const WindowSubject& subject);

// "invalid sync windows: …" where one of them cannot be read, which keeps everything from syncing; else "".
std::string window_problem(const std::vector<const Window*>& windows);

// May the Application sync now? `started`: when its operation began, for windows that may overrun.
bool may_sync(const std::vector<Window>& windows, const WindowSubject& subject, SyncKind kind,
              WallTime now, std::optional<WallTime> started = std::nullopt);

// "Sync Allowed", "Manual Allowed" or "Sync Denied", as argocd calls it.
std::string_view window_word(const std::vector<Window>& windows, const WindowSubject& subject, WallTime now);

}  // namespace holdfast::sync
