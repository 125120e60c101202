// SPDX-License-Identifier: Apache-2.0
#include "base/zone.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>
#include <utility>

namespace holdfast {
namespace {

constexpr int day_seconds = 86400;
constexpr int hour_seconds = 3600;

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  if (bytes.size() == 4) return static_cast<std::int32_t>(static_cast<std::uint32_t>(value));
  return static_cast<std::int64_t>(value);
}

// When in a year a zone changes: "J60", "59", "M3.5.0" (the last Sunday of March), each with "/TIME".
struct YearlyRule {
  enum class Kind { julian, day, weekday } kind = Kind::day;
  int month = 1;
  int week = 1;  // 5 is the last
  int day = 0;
  int time = 2 * hour_seconds;
};

// "CET-1CEST,M3.5.0,M10.5.0/3", piece by piece.
class RuleText {
 public:
  explicit RuleText(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool at(char c) const { return rest_.starts_with(c); }
  bool take(char c) {
    if (!at(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::optional<std::string_view> name() {
    const bool quoted = take('<');
    const auto end = quoted ? rest_.find('>') : std::min(rest_.find_first_of("0123456789,-+"), rest_.size());
    constexpr std::size_t bare_min = 3;
    if (end == std::string_view::npos || (!quoted && end < bare_min)) return {};
    const auto found = rest_.substr(0, end);
    rest_.remove_prefix(end + (quoted ? 1 : 0));
    return found;
  }

  // "3", "-3:30", "+1:00:00", in seconds.
  std::optional<int> offset() {
    constexpr int hours_max = 24 * 7;
    const int sign = at('-') ? -1 : 1;
    if (!take('-')) take('+');
    auto seconds = number(0, hours_max);
    if (!seconds) return {};
    *seconds *= hour_seconds;
    for (const int unit : {60, 1}) {
      if (!take(':')) break;
      const auto part = number(0, 59);
      if (!part) return {};
      *seconds += *part * unit;
    }
    return sign * *seconds;
  }

  std::optional<YearlyRule> rule() {
    YearlyRule out;
    std::optional<int> day;
    if (take('J')) {
      out.kind = YearlyRule::Kind::julian;
      day = number(1, 365);
    } else if (take('M')) {
      out.kind = YearlyRule::Kind::weekday;
      const auto month = number(1, 12);
      const auto week = month && take('.') ? number(1, 5) : std::nullopt;
      if (!week || !take('.')) return {};
      out.month = *month;
      out.week = *week;
      day = number(0, 6);
    } else {
      day = number(0, 365);
    }
    if (!day) return {};
    out.day = *day;
    if (!take('/')) return out;
    const auto time = offset();
    if (!time) return {};
    out.time = *time;
    return out;
  }

 private:
  std::optional<int> number(int min, int max) {
    int value = 0;
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits) {
      value = value * 10 + (rest_[digits] - '0');
      if (value > max) return {};
    }
    if (digits == 0 || value < min) return {};
    rest_.remove_prefix(digits);
    return value;
  }

  std::string_view rest_;
};

std::chrono::sys_days first_of(int year, int month) {
  return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(static_cast<unsigned>(month)) / 1);
}

// Days from the first of January to that of the month; 13 is the next January.
int days_before(int year, int month) {
  const auto first = month > 12 ? first_of(year + 1, 1) : first_of(year, month);
  return static_cast<int>((first - first_of(year, 1)).count());
}

// Seconds from the start of the year in UTC.
std::int64_t change_in_year(int year, const YearlyRule& rule, int offset) {
  int day = rule.day;
  if (rule.kind == YearlyRule::Kind::julian) {
    constexpr int first_of_march = 60;
    const bool leap = days_before(year, 13) == 366;
    day += leap && rule.day >= first_of_march ? 0 : -1;
  } else if (rule.kind == YearlyRule::Kind::weekday) {
    const int before = days_before(year, rule.month);
    const int size = days_before(year, rule.month + 1) - before;
    const auto first = static_cast<int>(std::chrono::weekday(first_of(year, rule.month)).c_encoding());
    day = (rule.day - first + 7) % 7;
    for (int week = 1; week < rule.week && day + 7 < size; ++week) day += 7;
    day += before;
  }
  return std::int64_t{day} * day_seconds + rule.time - offset;
}

// The zone that a POSIX rule names for that instant; nothing when it is no rule.
std::optional<Zone> zone_by_rule(std::string_view text, std::int64_t seconds) {
  RuleText rule(text);
  const auto standard_name = rule.name();
  const auto standard_offset = standard_name ? rule.offset() : std::nullopt;
  if (!standard_offset) return {};
  Zone standard{-*standard_offset, std::string(*standard_name)};
  if (rule.at_end() || rule.at(',')) return standard;
  const auto summer_name = rule.name();
  if (!summer_name) return {};
  Zone summer{standard.offset + hour_seconds, std::string(*summer_name)};
  if (!rule.at_end() && !rule.at(',')) {
    const auto offset = rule.offset();
    if (!offset) return {};
    summer.offset = -*offset;
  }
  if (rule.at_end()) rule = RuleText(",M3.2.0,M11.1.0");
  if (!rule.take(',') && !rule.take(';')) return {};
  const auto begin = rule.rule();
  if (!begin || !rule.take(',')) return {};
  const auto end = rule.rule();
  if (!end || !rule.at_end()) return {};
  // The calendar repeats itself every 400 years, days of the week and all.
  constexpr std::int64_t cycle = std::int64_t{146'097} * day_seconds;
  const std::chrono::sys_seconds within(std::chrono::seconds((seconds % cycle + cycle) % cycle));
  const auto day = std::chrono::floor<std::chrono::days>(within);
  const int year(std::chrono::year_month_day(day).year());
  const std::int64_t into_year = (within - first_of(year, 1)).count();
  auto from = change_in_year(year, *begin, standard.offset);
  auto to = change_in_year(year, *end, summer.offset);
  if (to < from) {  // south of the equator the year begins in summer
    std::swap(from, to);
    std::swap(standard, summer);
  }
  return into_year < from || into_year >= to ? standard : summer;
}

// The tables of a file's second block.
struct ZoneTables {
  std::string_view times;    // 8 bytes each
  std::string_view indices;  // the type after each
  std::string_view types;    // 6 bytes each
  std::string_view names;
  std::string_view rule;

  [[nodiscard]] std::int64_t time(std::size_t at) const { return big_endian(times.substr(at * 8, 8)); }
  [[nodiscard]] std::size_t index(std::size_t at) const { return static_cast<unsigned char>(indices[at]); }
  [[nodiscard]] std::size_t type_count() const { return types.size() / 6; }
  [[nodiscard]] bool is_summer(std::size_t type) const { return types[type * 6 + 4] != 0; }
  [[nodiscard]] Zone zone(std::size_t type) const {
    const auto name_at = static_cast<unsigned char>(types[type * 6 + 5]);
    const auto name = names.substr(std::min<std::size_t>(name_at, names.size()));
    return {static_cast<int>(big_endian(types.substr(type * 6, 4))), std::string(name.substr(0, name.find('\0')))};
  }
};

std::optional<ZoneTables> read_tables(std::string_view file) {
  constexpr std::size_t header = 44;
  const auto count = [&](std::size_t block, std::size_t index) {
    return static_cast<std::uint32_t>(big_endian(file.substr(block + 20 + index * 4, 4)));
  };
  if (file.size() < header || !file.starts_with("TZif") || file[4] < '2') return {};
  // Of each header: UTC marks, standard marks, leap seconds, times, types, bytes of names.
  const std::size_t second = header + count(0, 3) * std::size_t{5} + count(0, 4) * std::size_t{6} + count(0, 5) +
                             count(0, 2) * std::size_t{8} + count(0, 1) + count(0, 0);
  if (file.size() < second + header) return {};
  auto rest = file.substr(second + header);
  const auto take = [&](std::size_t size) {
    const auto part = rest.substr(0, size);
    rest.remove_prefix(part.size());
    return part;
  };
  const std::size_t times = count(second, 3), types = count(second, 4), names = count(second, 5);
  ZoneTables out;
  out.times = take(times * 8);
  out.indices = take(times);
  out.types = take(types * 6);
  out.names = take(names);
  if (out.times.size() != times * 8 || out.indices.size() != times || out.types.size() != types * 6) return {};
  if (types == 0 || out.names.size() != names) return {};
  take(count(second, 2) * std::size_t{12} + count(second, 1) + count(second, 0));
  if (rest.starts_with('\n')) out.rule = rest.substr(1, rest.find('\n', 1) - 1);
  for (std::size_t at = 0; at < times; ++at) {
    if (out.index(at) >= types) return {};
  }
  return out;
}

// The type before the first transition: one that no transition names, else standard time.
std::size_t first_type(const ZoneTables& tables) {
  bool used = false;
  for (std::size_t at = 0; at < tables.indices.size(); ++at) used = used || tables.index(at) == 0;
  if (!used) return 0;
  if (tables.is_summer(tables.index(0))) {
    for (std::size_t type = tables.index(0); type-- > 0;) {
      if (!tables.is_summer(type)) return type;
    }
  }
  for (std::size_t type = 0; type < tables.type_count(); ++type) {
    if (!tables.is_summer(type)) return type;
  }
  return 0;
}

}  // namespace

std::optional<Zone> zone_in_file(std::string_view file, std::int64_t seconds) {
  const auto tables = read_tables(file);
  if (!tables) return {};
  const std::size_t count = tables->indices.size();
  std::size_t passed = 0;
  while (passed < count && tables->time(passed) <= seconds) ++passed;
  if (count > 0 && passed == 0) return tables->zone(first_type(*tables));
  if (passed == count) {
    if (auto zone = zone_by_rule(tables->rule, seconds)) return zone;
  }
  return tables->zone(count == 0 ? 0 : tables->index(passed - 1));
}

std::optional<Zone> find_zone(const std::string& name, std::int64_t seconds) {
  if (name.empty() || name == "UTC" || name == "Local") return Zone{0, "UTC"};
  // A name from a chart may not lead out of the folder of zones.
  const bool outside = name.front() == '/' || name.front() == '\\' || name.find("..") != std::string::npos;
  if (outside || name.size() > 64) return {};
  std::ifstream in("/usr/share/zoneinfo/" + name, std::ios::binary);
  if (!in) return {};
  const std::string file{std::istreambuf_iterator<char>(in), {}};
  return zone_in_file(file, seconds);
}

}  // namespace holdfast
