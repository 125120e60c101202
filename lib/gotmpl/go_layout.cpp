// SPDX-License-Identifier: Apache-2.0
// Layouts of Go's time package: which part "2006", "Jan" or "Z07:00" stands for, written and read.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "gotmpl/function.h"
#include "gotmpl/go_text.h"
#include "gotmpl/go_time.h"

namespace holdfast::gotmpl {
namespace {

enum class Part {
  none, long_month, month, num_month, zero_month, long_weekday, weekday, day, under_day, zero_day,
  under_year_day, zero_year_day, hour, hour12, zero_hour12, minute, zero_minute, sec, zero_sec,
  long_year, year, upper_pm, lower_pm, zone_name, zone, fraction_zeros, fraction_nines,
};

struct Chunk {
  std::string_view before;
  Part part = Part::none;
  std::string_view spelling;
};

bool digit(char c) { return c >= '0' && c <= '9'; }
bool lower(std::string_view text) { return !text.empty() && text[0] >= 'a' && text[0] <= 'z'; }

struct Spelling {
  std::string_view text;
  Part part;
};

// The longest first where one begins another.
constexpr Spelling spellings[] = {
    {"January", Part::long_month}, {"Jan", Part::month},         {"Monday", Part::long_weekday},
    {"Mon", Part::weekday},        {"MST", Part::zone_name},     {"002", Part::zero_year_day},
    {"01", Part::zero_month},      {"02", Part::zero_day},       {"03", Part::zero_hour12},
    {"04", Part::zero_minute},     {"05", Part::zero_sec},       {"06", Part::year},
    {"15", Part::hour},            {"1", Part::num_month},       {"2006", Part::long_year},
    {"2", Part::day},              {"__2", Part::under_year_day}, {"_2", Part::under_day},
    {"3", Part::hour12},           {"4", Part::minute},          {"5", Part::sec},
    {"PM", Part::upper_pm},        {"pm", Part::lower_pm},       {"-070000", Part::zone},
    {"-07:00:00", Part::zone},     {"-0700", Part::zone},        {"-07:00", Part::zone},
    {"-07", Part::zone},           {"Z070000", Part::zone},      {"Z07:00:00", Part::zone},
    {"Z0700", Part::zone},         {"Z07:00", Part::zone},       {"Z07", Part::zone},
};

Spelling part_at(std::string_view text) {
  if ((text[0] == '.' || text[0] == ',') && text.size() > 1 && (text[1] == '0' || text[1] == '9')) {
    std::size_t end = std::min(text.find_first_not_of(text[1], 1), text.size());
    bool number_goes_on = end < text.size() && digit(text[end]);
    Part part = text[1] == '0' ? Part::fraction_zeros : Part::fraction_nines;
    if (!number_goes_on) return {text.substr(0, end), part};
  }
  if (text.starts_with("_2006")) return {"", Part::none};
  for (const Spelling& row : spellings) {
    if (!text.starts_with(row.text)) continue;
    bool word = row.part == Part::month || row.part == Part::weekday;
    if (word && lower(text.substr(row.text.size()))) return {"", Part::none};
    return {text.substr(0, row.text.size()), row.part};
  }
  return {"", Part::none};
}

Chunk next_chunk(std::string_view& layout) {
  for (std::size_t i = 0; i < layout.size(); ++i) {
    Spelling found = part_at(layout.substr(i));
    if (found.part == Part::none) continue;
    Chunk chunk{layout.substr(0, i), found.part, found.text};
    layout.remove_prefix(i + found.text.size());
    return chunk;
  }
  Chunk last{layout, Part::none, ""};
  layout = {};
  return last;
}

std::string zone_text(const Zone& zone, std::string_view spelling) {
  if (spelling[0] == 'Z' && zone.offset == 0) return "Z";
  int size = zone.offset < 0 ? -zone.offset : zone.offset;
  std::string_view colon = spelling.find(':') == std::string_view::npos ? "" : ":";
  std::string text = fmt::format("{}{:02}", zone.offset / 60 < 0 ? '-' : '+', size / 3600);
  if (spelling.size() > 3) text += fmt::format("{}{:02}", colon, size / 60 % 60);
  if (spelling.size() > 6) text += fmt::format("{}{:02}", colon, size % 60);
  return text;
}

std::string fraction_text(std::int32_t nanoseconds, std::string_view spelling) {
  std::string digits = fmt::format("{:09}", nanoseconds).substr(0, std::min<std::size_t>(spelling.size() - 1, 9));
  if (spelling[1] == '9') {
    while (!digits.empty() && digits.back() == '0') digits.pop_back();
    if (digits.empty()) return "";
  } else {
    digits.append(spelling.size() - 1 - digits.size(), '0');
  }
  return spelling[0] + digits;
}

std::string part_text(const Chunk& chunk, const Instant& instant, const Civil& civil) {
  int twelve = civil.hour % 12 == 0 ? 12 : civil.hour % 12;
  switch (chunk.part) {
    case Part::none: return "";
    case Part::long_month: return std::string(month_name(civil.month));
    case Part::month: return std::string(month_name(civil.month).substr(0, 3));
    case Part::num_month: return fmt::format("{}", civil.month);
    case Part::zero_month: return fmt::format("{:02}", civil.month);
    case Part::long_weekday: return std::string(weekday_name(civil.weekday));
    case Part::weekday: return std::string(weekday_name(civil.weekday).substr(0, 3));
    case Part::day: return fmt::format("{}", civil.day);
    case Part::under_day: return fmt::format("{:2}", civil.day);
    case Part::zero_day: return fmt::format("{:02}", civil.day);
    case Part::under_year_day: return fmt::format("{:3}", civil.year_day);
    case Part::zero_year_day: return fmt::format("{:03}", civil.year_day);
    case Part::hour: return fmt::format("{:02}", civil.hour);
    case Part::hour12: return fmt::format("{}", twelve);
    case Part::zero_hour12: return fmt::format("{:02}", twelve);
    case Part::minute: return fmt::format("{}", civil.minute);
    case Part::zero_minute: return fmt::format("{:02}", civil.minute);
    case Part::sec: return fmt::format("{}", civil.second);
    case Part::zero_sec: return fmt::format("{:02}", civil.second);
    case Part::long_year:
      return civil.year < 0 ? fmt::format("-{:04}", -civil.year) : fmt::format("{:04}", civil.year);
    case Part::year: return fmt::format("{:02}", (civil.year < 0 ? -civil.year : civil.year) % 100);
    case Part::upper_pm: return civil.hour >= 12 ? "PM" : "AM";
    case Part::lower_pm: return civil.hour >= 12 ? "pm" : "am";
    case Part::zone_name:
      return instant.zone.name.empty() ? zone_text(instant.zone, "-0700") : instant.zone.name;
    case Part::zone: return zone_text(instant.zone, chunk.spelling);
    case Part::fraction_zeros:
    case Part::fraction_nines: return fraction_text(instant.nanoseconds, chunk.spelling);
  }
  std::unreachable();
}

// What was read so far; −1 is not seen.
struct Fields {
  std::int64_t year = 0;
  int month = -1;
  int day = -1;
  int year_day = -1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int32_t nanoseconds = 0;
  bool pm = false;
  bool am = false;
  bool utc = false;
  std::optional<int> offset;
  std::string zone_name;
};

bool leap(std::int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in(std::int64_t year, int month) {
  static constexpr int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && leap(year) ? 29 : days[month - 1];
}

class Reader {
 public:
  Reader(std::string_view layout, std::string_view text)
      : layout_(layout), text_(text), rest_(text) {}

  Result<Instant> run() {
    std::string_view layout = layout_;
    while (true) {
      Chunk chunk = next_chunk(layout);
      if (!skip(chunk.before)) return failed(chunk.before, rest_, "");
      if (chunk.part == Part::none) break;
      std::string_view before = rest_;
      std::string_view range;
      ahead_ = layout;
      bool good = read(chunk, range);
      if (!range.empty()) return failed(chunk.spelling, rest_, fmt::format(": {} out of range", range));
      if (!good) return failed(chunk.spelling, before, "");
    }
    if (!rest_.empty()) return failed("", rest_, ": extra text: " + quote(rest_));
    return finish();
  }

 private:
  std::unexpected<Error> failed(std::string_view element, std::string_view value, std::string message) {
    if (message.empty()) {
      return call_failure(fmt::format("parsing time {} as {}: cannot parse {} as {}", quote(text_),
                                      quote(layout_), quote(value), quote(element)));
    }
    return call_failure(fmt::format("parsing time {}{}", quote(text_), message));
  }

  // White space in the layout stands for any run of it.
  bool skip(std::string_view prefix) {
    while (!prefix.empty()) {
      if (prefix[0] == ' ') {
        if (!rest_.empty() && rest_[0] != ' ') return false;
        prefix.remove_prefix(std::min(prefix.find_first_not_of(' '), prefix.size()));
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
        continue;
      }
      if (rest_.empty() || rest_[0] != prefix[0]) return false;
      prefix.remove_prefix(1);
      rest_.remove_prefix(1);
    }
    return true;
  }

  bool number(int& value, std::size_t digits_min, std::size_t digits_max) {
    std::size_t size = 0;
    while (size < digits_max && size < rest_.size() && digit(rest_[size])) ++size;
    if (size < digits_min) return false;
    value = 0;
    for (char c : rest_.substr(0, size)) value = value * 10 + (c - '0');
    rest_.remove_prefix(size);
    return true;
  }

  bool name(int& value, int count, std::string_view (*names)(int), std::size_t letters) {
    for (int i = 0; i < count; ++i) {
      std::string_view word = names(i).substr(0, letters);
      if (rest_.size() < word.size()) continue;
      bool same = std::equal(word.begin(), word.end(), rest_.begin(),
                             [](char a, char b) { return (a | 0x20) == (b | 0x20); });
      if (!same) continue;
      value = i;
      rest_.remove_prefix(word.size());
      return true;
    }
    return false;
  }

  bool in_range(int value, int low, int high, std::string_view what, std::string_view& range) {
    if (value < low || value > high) range = what;
    return true;
  }

  bool fraction(std::size_t digits, std::string_view& range) {
    if (rest_.size() < digits + 1 || (rest_[0] != '.' && rest_[0] != ',')) return false;
    std::int64_t value = 0;
    for (std::size_t i = 1; i <= std::max<std::size_t>(digits, 9); ++i) {
      if (i <= digits && !digit(rest_[i])) return false;
      if (i <= 9) value = value * 10 + (i <= digits ? rest_[i] - '0' : 0);
    }
    in_range(0, 0, 0, "fractional second", range);
    fields_.nanoseconds = static_cast<std::int32_t>(value);
    rest_.remove_prefix(digits + 1);
    return true;
  }

  std::size_t fraction_digits() const {
    std::size_t size = 0;
    while (size + 1 < rest_.size() && digit(rest_[size + 1])) ++size;
    return size;
  }

  bool read(const Chunk& chunk, std::string_view& range) {
    int ignored = 0;
    switch (chunk.part) {
      case Part::none: return true;
      case Part::long_month:
      case Part::month: {
        std::size_t letters = chunk.part == Part::month ? 3 : 9;
        if (!name(fields_.month, 12, [](int i) { return month_name(i + 1); }, letters)) return false;
        ++fields_.month;
        return true;
      }
      case Part::num_month:
      case Part::zero_month:
        return number(fields_.month, chunk.part == Part::zero_month ? 2 : 1, 2) &&
               in_range(fields_.month, 1, 12, "month", range);
      case Part::long_weekday: return name(ignored, 7, weekday_name, 9);
      case Part::weekday: return name(ignored, 7, weekday_name, 3);
      case Part::under_day:
        if (rest_.starts_with(' ')) rest_.remove_prefix(1);
        [[fallthrough]];
      case Part::day: return number(fields_.day, 1, 2);
      case Part::zero_day: return number(fields_.day, 2, 2);
      case Part::under_year_day:
        for (int i = 0; i < 2 && rest_.starts_with(' '); ++i) rest_.remove_prefix(1);
        return number(fields_.year_day, 1, 3);
      case Part::zero_year_day: return number(fields_.year_day, 3, 3);
      case Part::long_year: {
        int year = 0;
        bool good = number(year, 4, 4);
        fields_.year = year;
        return good;
      }
      case Part::year: {
        int year = 0;
        bool good = number(year, 2, 2);
        fields_.year = year >= 69 ? year + 1900 : year + 2000;
        return good;
      }
      case Part::hour: case Part::hour12: case Part::zero_hour12: case Part::minute:
      case Part::zero_minute: case Part::sec: case Part::zero_sec: case Part::upper_pm:
      case Part::lower_pm: case Part::zone_name: case Part::zone: case Part::fraction_zeros:
      case Part::fraction_nines:
        return read_clock(chunk, range);
    }
    std::unreachable();
  }

  bool read_clock(const Chunk& chunk, std::string_view& range) {
    std::size_t digits = chunk.spelling[0] == '0' ? 2 : 1;
    if (chunk.part == Part::hour) {
      return number(fields_.hour, 1, 2) && in_range(fields_.hour, 0, 23, "hour", range);
    }
    if (chunk.part == Part::hour12 || chunk.part == Part::zero_hour12) {
      return number(fields_.hour, digits, 2) && in_range(fields_.hour, 0, 12, "hour", range);
    }
    if (chunk.part == Part::minute || chunk.part == Part::zero_minute) {
      return number(fields_.minute, digits, 2) && in_range(fields_.minute, 0, 59, "minute", range);
    }
    if (chunk.part == Part::sec || chunk.part == Part::zero_sec) return read_second(digits, range);
    if (chunk.part == Part::upper_pm || chunk.part == Part::lower_pm) {
      bool upper = chunk.part == Part::upper_pm;
      fields_.pm = rest_.starts_with(upper ? "PM" : "pm");
      fields_.am = rest_.starts_with(upper ? "AM" : "am");
      if (!fields_.pm && !fields_.am) return false;
      rest_.remove_prefix(2);
      return true;
    }
    if (chunk.part == Part::zone_name) return read_zone_name();
    if (chunk.part == Part::zone) return read_zone(chunk.spelling, range);
    if (chunk.part == Part::fraction_zeros) return fraction(chunk.spelling.size() - 1, range);
    std::size_t found = fraction_digits();
    bool present = found > 0 && (rest_[0] == '.' || rest_[0] == ',');
    return !present || fraction(found, range);
  }

  // A fraction may follow the seconds though the layout has none.
  bool read_second(std::size_t digits, std::string_view& range) {
    if (!number(fields_.second, digits, 2)) return false;
    in_range(fields_.second, 0, 59, "second", range);
    bool dot = rest_.size() >= 2 && (rest_[0] == '.' || rest_[0] == ',') && digit(rest_[1]);
    if (!range.empty() || !dot) return true;
    std::string_view ahead = ahead_;
    Part next = next_chunk(ahead).part;
    if (next == Part::fraction_zeros || next == Part::fraction_nines) return true;
    return fraction(fraction_digits(), range);
  }

  bool read_zone_name() {
    if (rest_.starts_with("UTC")) {
      fields_.utc = true;
      rest_.remove_prefix(3);
      return true;
    }
    std::size_t size = 0;
    while (size < 6 && size < rest_.size() && rest_[size] >= 'A' && rest_[size] <= 'Z') ++size;
    if (size < 3 || size > 5) return false;
    fields_.zone_name = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }

  bool read_zone(std::string_view spelling, std::string_view& range) {
    if (spelling[0] == 'Z' && rest_.starts_with('Z')) {
      rest_.remove_prefix(1);
      fields_.utc = true;
      return true;
    }
    if (rest_.size() < spelling.size() || (rest_[0] != '+' && rest_[0] != '-')) return false;
    int sign = rest_[0] == '-' ? -1 : 1;
    rest_.remove_prefix(1);
    int parts[3] = {0, 0, 0};
    bool colon = spelling.find(':') != std::string_view::npos;
    std::size_t count = spelling.size() <= 3 ? 1 : spelling.size() <= 6 ? 2 : 3;
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0 && colon) {
        if (!rest_.starts_with(':')) return false;
        rest_.remove_prefix(1);
      }
      if (!number(parts[i], 2, 2)) return false;
    }
    in_range(parts[0], 0, 24, "time zone offset hour", range);
    in_range(parts[1], 0, 60, "time zone offset minute", range);
    in_range(parts[2], 0, 60, "time zone offset second", range);
    fields_.offset = sign * (parts[0] * 3600 + parts[1] * 60 + parts[2]);
    return true;
  }

  Result<Instant> finish() {
    Fields& f = fields_;
    if (f.pm && f.hour < 12) f.hour += 12;
    if (f.am && f.hour == 12) f.hour = 0;
    if (f.year_day >= 0) {
      if (f.year_day < 1 || f.year_day > (leap(f.year) ? 366 : 365)) {
        return failed("", rest_, ": day-of-year out of range");
      }
      Civil civil = civil_of({seconds_of_date(f.year, 1, 1) + (f.year_day - 1) * 86400LL, 0, {}});
      if (f.month >= 0 && f.month != civil.month) {
        return failed("", rest_, ": day-of-year does not match month");
      }
      if (f.day >= 0 && f.day != civil.day) {
        return failed("", rest_, ": day-of-year does not match day");
      }
      f.month = civil.month;
      f.day = civil.day;
    }
    if (f.month < 0) f.month = 1;
    if (f.day < 0) f.day = 1;
    if (f.day < 1 || f.day > days_in(f.year, f.month)) return failed("", rest_, ": day out of range");
    Instant instant;
    instant.seconds =
        seconds_of_date(f.year, f.month, f.day) + f.hour * 3600 + f.minute * 60 + f.second;
    instant.nanoseconds = f.nanoseconds;
    if (f.utc) return instant;
    if (f.offset) {
      instant.seconds -= *f.offset;
      bool local = *f.offset == 0 && (f.zone_name.empty() || f.zone_name == "UTC");
      if (!local) instant.zone = {*f.offset, f.zone_name};
    } else if (!f.zone_name.empty()) {
      instant.zone = {0, f.zone_name};
    }
    return instant;
  }

  std::string_view layout_;
  std::string_view text_;
  std::string_view rest_;
  std::string_view ahead_;
  Fields fields_;
};

}  // namespace

std::string format_instant(const Instant& instant, std::string_view layout) {
  Civil civil = civil_of(instant);
  std::string out;
  while (!layout.empty()) {
    Chunk chunk = next_chunk(layout);
    out += chunk.before;
    out += part_text(chunk, instant, civil);
  }
  return out;
}

Result<Instant> parse_instant(std::string_view layout, std::string_view text) {
  return Reader(layout, text).run();
}

}  // namespace holdfast::gotmpl
