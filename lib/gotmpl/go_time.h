// SPDX-License-Identifier: Apache-2.0
// Go's time package for templates: layouts ("2006-01-02"), durations ("1h30m"), zones. Instants are
// nanoseconds since 1970 and a zone. Mirrors Go 1.26 time/format.go and time/time.go.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/zone.h"
#include "gotmpl/datum.h"

namespace holdfast::gotmpl {

struct Instant {
  std::int64_t seconds = 0;  // since 1970, may be before
  std::int32_t nanoseconds = 0;
  Zone zone;
};

// time.Time{}: the year 1.
Instant zero_instant();
Instant instant_of(WallTime time);

Datum time_datum(Instant instant);  // time.Time

struct Civil {
  std::int64_t year;
  int month;  // 1 to 12
  int day;
  int hour;
  int minute;
  int second;
  int weekday;   // 0 is Sunday
  int year_day;  // 1 to 366
};
Civil civil_of(const Instant& instant);
std::int64_t seconds_of_date(std::int64_t year, int month, int day);

std::string format_instant(const Instant& instant, std::string_view layout);
// Refuses in Go's words: parsing time "x" as "2006": cannot parse "x" as "2006".
Result<Instant> parse_instant(std::string_view layout, std::string_view text);

// "1h30m", "-1.5s"; nothing when malformed or out of range.
std::optional<std::int64_t> parse_go_duration(std::string_view text);
// Why it is none, in the words of time.ParseDuration.
std::string duration_complaint(std::string_view text);
std::string format_go_duration(std::int64_t nanoseconds);
std::int64_t round_duration(std::int64_t value, std::int64_t multiple);

std::string_view month_name(int month);
std::string_view weekday_name(int weekday);

}  // namespace holdfast::gotmpl
