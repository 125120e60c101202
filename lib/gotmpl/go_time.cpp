// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/go_time.h"

#include "gotmpl/go_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace holdfast::gotmpl {
namespace {

constexpr std::int64_t day_seconds = 86400;
constexpr std::int64_t second = 1'000'000'000;

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

struct Unit {
  std::string_view name;
  std::uint64_t nanoseconds;
};
constexpr Unit units[] = {
    {"ns", 1},        {"us", 1000},       {"\xC2\xB5s", 1000}, {"\xCE\xBCs", 1000},
    {"ms", 1000'000}, {"s", 1000'000'000}, {"m", 60'000'000'000}, {"h", 3600'000'000'000},
};

// Appends value / 10^places without trailing zeros of the fraction.
std::string with_fraction(std::uint64_t value, int places) {
  std::uint64_t scale = 1;
  for (int i = 0; i < places; ++i) scale *= 10;
  std::string text = fmt::format("{}", value / scale);
  std::string digits = fmt::format("{:0{}}", value % scale, places);
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  return digits.empty() ? text : text + "." + digits;
}

}  // namespace

Instant zero_instant() { return {-62135596800, 0, {}}; }

Instant instant_of(WallTime time) {
  std::int64_t count = time.time_since_epoch().count();
  std::int64_t seconds = floor_divide(count, second);
  return {seconds, static_cast<std::int32_t>(count - seconds * second), {}};
}

std::int64_t seconds_of_date(std::int64_t year, int month, int day) {
  // Days from 1970-01-01, years starting in March (Howard Hinnant's days_from_civil).
  year -= month <= 2 ? 1 : 0;
  std::int64_t era = floor_divide(year, 400);
  std::int64_t year_of_era = year - era * 400;
  std::int64_t shifted = (month + 9) % 12;
  std::int64_t day_of_year = (153 * shifted + 2) / 5 + day - 1;
  std::int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return (era * 146097 + day_of_era - 719468) * day_seconds;
}

Civil civil_of(const Instant& instant) {
  std::int64_t local = instant.seconds + instant.zone.offset;
  std::int64_t days = floor_divide(local, day_seconds);
  std::int64_t rest = local - days * day_seconds;
  std::int64_t shifted = days + 719468;
  std::int64_t era = floor_divide(shifted, 146097);
  std::int64_t day_of_era = shifted - era * 146097;
  std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  std::int64_t month = (5 * day_of_year + 2) / 153;
  Civil civil{};
  civil.day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  civil.month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  civil.year = year_of_era + era * 400 + (civil.month <= 2 ? 1 : 0);
  civil.hour = static_cast<int>(rest / 3600);
  civil.minute = static_cast<int>(rest / 60 % 60);
  civil.second = static_cast<int>(rest % 60);
  civil.weekday = static_cast<int>(((days + 4) % 7 + 7) % 7);
  civil.year_day =
      static_cast<int>(days - seconds_of_date(civil.year, 1, 1) / day_seconds) + 1;
  return civil;
}

std::optional<std::int64_t> parse_go_duration(std::string_view text) {
  bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return {};
  constexpr std::uint64_t limit = std::uint64_t{1} << 63;
  std::uint64_t total = 0;
  while (!text.empty()) {
    std::uint64_t whole = 0;
    double fraction = 0;
    double scale = 1;
    std::size_t digits = 0;
    bool point = false;
    for (; !text.empty(); text.remove_prefix(1)) {
      char c = text[0];
      if (c == '.' && !point) {
        point = true;
        continue;
      }
      if (c < '0' || c > '9') break;
      ++digits;
      auto digit = static_cast<std::uint64_t>(c - '0');
      if (point) {
        scale *= 10;
        fraction = fraction * 10 + static_cast<double>(digit);
      } else {
        if (whole > limit / 10) return {};
        whole = whole * 10 + digit;
      }
    }
    if (digits == 0) return {};
    std::size_t size = text.find_first_of(".0123456789");
    std::string_view name = text.substr(0, size);
    const Unit* unit = std::find_if(std::begin(units), std::end(units),
                                    [&](const Unit& row) { return row.name == name; });
    if (unit == std::end(units)) return {};
    text.remove_prefix(name.size());
    std::uint64_t part = 0;
    if (__builtin_mul_overflow(whole, unit->nanoseconds, &part)) return {};
    part += static_cast<std::uint64_t>(fraction * (static_cast<double>(unit->nanoseconds) / scale));
    if (__builtin_add_overflow(total, part, &total) || total > limit) return {};
  }
  if (negative) return static_cast<std::int64_t>(0 - total);
  if (total == limit) return {};
  return static_cast<std::int64_t>(total);
}

std::string duration_complaint(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with('-') || rest.starts_with('+')) rest.remove_prefix(1);
  while (!rest.empty()) {
    std::size_t size = 0, digits = 0;
    bool point = false;
    for (; size < rest.size() && (rest[size] == '.' ? !point : rest[size] >= '0' && rest[size] <= '9'); ++size) {
      point = point || rest[size] == '.';
      if (rest[size] != '.') ++digits;
    }
    if (digits == 0) break;
    rest.remove_prefix(size);
    const std::string_view name = rest.substr(0, rest.find_first_of(".0123456789"));
    if (name.empty()) return fmt::format("time: missing unit in duration {}", quote(text));
    const bool known = std::any_of(std::begin(units), std::end(units),
                                   [&](const Unit& row) { return row.name == name; });
    if (!known) return fmt::format("time: unknown unit {} in duration {}", quote(name), quote(text));
    rest.remove_prefix(name.size());
  }
  return fmt::format("time: invalid duration {}", quote(text));
}

std::string format_go_duration(std::int64_t nanoseconds) {
  if (nanoseconds == 0) return "0s";
  bool negative = nanoseconds < 0;
  auto value = static_cast<std::uint64_t>(nanoseconds);
  if (negative) value = 0 - value;
  std::string text;
  if (value < 1000) {
    text = fmt::format("{}ns", value);
  } else if (value < 1000'000) {
    text = with_fraction(value, 3) + "\xC2\xB5s";
  } else if (value < second) {
    text = with_fraction(value, 6) + "ms";
  } else {
    std::uint64_t minutes = value / (60 * second);
    text = with_fraction(value % (60 * second), 9) + "s";
    if (minutes > 0) text = fmt::format("{}m", minutes % 60) + text;
    if (minutes >= 60) text = fmt::format("{}h", minutes / 60) + text;
  }
  return negative ? "-" + text : text;
}

std::int64_t round_duration(std::int64_t value, std::int64_t multiple) {
  if (multiple <= 0) return value;
  std::int64_t rest = value % multiple;
  std::int64_t down = value - rest;
  std::uint64_t size = rest < 0 ? 0 - static_cast<std::uint64_t>(rest) : static_cast<std::uint64_t>(rest);
  if (size + size < static_cast<std::uint64_t>(multiple)) return down;
  std::int64_t rounded = 0;
  if (__builtin_add_overflow(down, value < 0 ? -multiple : multiple, &rounded)) {
    return value < 0 ? std::numeric_limits<std::int64_t>::min()
                     : std::numeric_limits<std::int64_t>::max();
  }
  return rounded;
}

std::string_view month_name(int month) {
  static constexpr std::string_view names[] = {"January", "February", "March",     "April",
                                               "May",     "June",     "July",      "August",
                                               "September", "October", "November", "December"};
  return names[(month + 11) % 12];
}

std::string_view weekday_name(int weekday) {
  static constexpr std::string_view names[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                               "Thursday", "Friday", "Saturday"};
  return names[weekday % 7];
}

}  // namespace holdfast::gotmpl
