// SPDX-License-Identifier: Apache-2.0
#include "yaml/timestamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::yaml {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Takes pieces off the front of the text; `good` stays false once one was not there.
struct Cursor {
  std::string_view rest;
  bool good = true;

  // One or two digits between `low` and `high`.
  int number(int low, int high) {
    int value = 0;
    std::size_t digits = 0;
    while (digits < 2 && digits < rest.size() && is_digit(rest[digits])) {
      value = value * 10 + (rest[digits++] - '0');
    }
    rest.remove_prefix(digits);
    if (digits == 0 || value < low || value > high) good = false;
    return value;
  }

  void take(char c) {
    if (rest.starts_with(c)) {
      rest.remove_prefix(1);
    } else {
      good = false;
    }
  }

  // ".123" or ",123": nanoseconds as Go prints them, without the zeros at the end.
  std::string fraction() {
    if (rest.size() < 2 || (rest[0] != '.' && rest[0] != ',') || !is_digit(rest[1])) return {};
    std::size_t digits = 1;
    while (digits < rest.size() && is_digit(rest[digits]))
      ++digits;
    std::string_view kept = rest.substr(1, std::min<std::size_t>(digits - 1, 9));
    rest.remove_prefix(digits);
    while (kept.ends_with('0'))
      kept.remove_suffix(1);
    return kept.empty() ? std::string() : fmt::format(".{}", kept);
  }

  // "Z", "+07:00" or "-07:00".
  std::string zone() {
    if (rest.starts_with('Z')) {
      rest.remove_prefix(1);
      return "Z";
    }
    const auto shaped = rest.size() >= 6 && (rest[0] == '+' || rest[0] == '-') &&
                        is_digit(rest[1]) && is_digit(rest[2]) && rest[3] == ':' &&
                        is_digit(rest[4]) && is_digit(rest[5]);
    if (!shaped || rest.substr(1, 2) > "24" || rest.substr(4, 2) > "60") {
      good = false;
      return {};
    }
    std::string out(rest.substr(0, 6));
    rest.remove_prefix(6);
    return out.substr(1) == "00:00" ? "Z" : out;
  }
};

int days_of(int year, int month) {
  constexpr std::array<int, 12> days{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : days[static_cast<std::size_t>(month - 1)];
}

}  // namespace

std::optional<std::string> parse_timestamp(std::string_view text) {
  if (text.size() < 8 || text[4] != '-' || !std::ranges::all_of(text.substr(0, 4), is_digit))
    return {};
  int year = 0;
  for (const char c : text.substr(0, 4))
    year = year * 10 + (c - '0');
  Cursor at{text.substr(5)};
  const int month = at.number(1, 12);
  at.take('-');
  if (!at.good) return {};
  const int day = at.number(1, days_of(year, month));
  if (!at.good) return {};
  const auto date = fmt::format("{:04}-{:02}-{:02}T", year, month, day);
  if (at.rest.empty()) return date + "00:00:00Z";

  const char separator = at.rest.front();
  if (separator != 'T' && separator != 't' && separator != ' ') return {};
  at.take(separator);
  // A space in Go's layout stands for any number of them.
  while (separator == ' ' && at.rest.starts_with(' '))
    at.take(' ');
  const int hour = at.number(0, 23);
  at.take(':');
  const int minute = at.number(0, 59);
  at.take(':');
  const int second = at.number(0, 59);
  const auto fraction = at.fraction();
  const auto zone = separator == ' ' ? std::string("Z") : at.zone();
  if (!at.good || !at.rest.empty()) return {};
  return fmt::format("{}{:02}:{:02}:{:02}{}{}", date, hour, minute, second, fraction, zone);
}

}  // namespace holdfast::yaml
