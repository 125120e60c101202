// SPDX-License-Identifier: Apache-2.0
// Sprig 3.3.0 date.go and Helm 4.3.1's durations, with the methods of time.Time and time.Duration.
// "Local" is UTC: a rendering must not depend on the machine.
#include <cmath>
#include <limits>

#include "base/text.h"
#include "gotmpl/convert.h"
#include "gotmpl/execution.h"
#include "gotmpl/go_text.h"
#include "gotmpl/go_time.h"
#include "gotmpl/host_object.h"

namespace holdfast::gotmpl {
namespace {

constexpr std::int64_t second = 1'000'000'000;

class TimeObject final : public HostObject {
 public:
  explicit TimeObject(Instant held) : instant(std::move(held)) {}
  [[nodiscard]] const Type& type() const override;
  [[nodiscard]] std::string print() const override {
    return format_instant(instant, "2006-01-02 15:04:05.999999999 -0700 MST");
  }
  [[nodiscard]] Result<Value> to_value() const override {
    return Value(format_instant(instant, "2006-01-02T15:04:05.999999999Z07:00"));
  }
  [[nodiscard]] bool equals(const HostObject& other) const override {
    if (&other.type() != &type()) return false;
    const Instant& time = static_cast<const TimeObject&>(other).instant;
    return time.seconds == instant.seconds && time.nanoseconds == instant.nanoseconds;
  }

  const Instant instant;
};

// time.Duration, time.Month and time.Weekday: integers with a name and a text.
class NamedInteger final : public HostObject {
 public:
  NamedInteger(const Type& type, std::int64_t value, std::string text)
      : type_(type), value_(value), text_(std::move(text)) {}
  [[nodiscard]] const Type& type() const override { return type_; }
  [[nodiscard]] std::string print() const override { return text_; }
  [[nodiscard]] Result<Value> to_value() const override { return Value(value_); }
  [[nodiscard]] bool truth() const override { return value_ != 0; }
  [[nodiscard]] std::int64_t number() const override { return value_; }
  [[nodiscard]] bool equals(const HostObject& other) const override {
    return &other.type() == &type_ && other.number() == value_;
  }

 private:
  const Type& type_;
  std::int64_t value_;
  std::string text_;
};

std::int64_t nanoseconds_of(const Call& call) { return call.self->host()->number(); }
const Instant& instant_of_self(const Call& call) {
  return static_cast<const TimeObject*>(call.self->host())->instant;
}
const Instant& instant_of_argument(const Datum& value) {
  return static_cast<const TimeObject*>(value.host())->instant;
}
Datum duration_datum(std::int64_t nanoseconds);
Datum named(const Type& type, std::int64_t value, std::string_view text) {
  return Datum::of_object(std::make_unique<NamedInteger>(type, value, std::string(text)));
}

double hours_of(std::int64_t d) {
  return static_cast<double>(d / (3600 * second)) + static_cast<double>(d % (3600 * second)) / (3600e9);
}
double minutes_of(std::int64_t d) {
  return static_cast<double>(d / (60 * second)) + static_cast<double>(d % (60 * second)) / (60e9);
}
double seconds_of(std::int64_t d) {
  return static_cast<double>(d / second) + static_cast<double>(d % second) / 1e9;
}

// The argument is a Duration, or a whole literal.
std::int64_t nanoseconds_of_argument(const Datum& value) {
  return value.host() == nullptr ? value.integer() : value.host()->number();
}

constexpr Function duration_methods[] = {
    {"Abs", "",
     [](Call& call) -> Result<Datum> {
       constexpr auto least = std::numeric_limits<std::int64_t>::min();
       const std::int64_t d = nanoseconds_of(call);
       return duration_datum(d == least ? std::numeric_limits<std::int64_t>::max() : std::abs(d));
     }},
    {"Round", "D",
     [](Call& call) -> Result<Datum> {
       return duration_datum(round_duration(nanoseconds_of(call), nanoseconds_of_argument(call[0])));
     }},
    {"Truncate", "D",
     [](Call& call) -> Result<Datum> {
       const std::int64_t d = nanoseconds_of(call), multiple = nanoseconds_of_argument(call[0]);
       return duration_datum(multiple <= 0 ? d : d - d % multiple);
     }},
    {"Hours", "", [](Call& call) -> Result<Datum> { return Datum(hours_of(nanoseconds_of(call))); }},
    {"Minutes", "", [](Call& call) -> Result<Datum> { return Datum(minutes_of(nanoseconds_of(call))); }},
    {"Seconds", "", [](Call& call) -> Result<Datum> { return Datum(seconds_of(nanoseconds_of(call))); }},
    {"Milliseconds", "",
     [](Call& call) -> Result<Datum> { return Datum::int64(nanoseconds_of(call) / 1000'000); }},
    {"Microseconds", "",
     [](Call& call) -> Result<Datum> { return Datum::int64(nanoseconds_of(call) / 1000); }},
    {"Nanoseconds", "", [](Call& call) -> Result<Datum> { return Datum::int64(nanoseconds_of(call)); }},
    {"String", "", [](Call& call) -> Result<Datum> { return Datum(call.self->host()->print()); }},
};
constexpr Function name_methods[] = {
    {"String", "", [](Call& call) -> Result<Datum> { return Datum(call.self->host()->print()); }},
};

const Type duration_type{"time.Duration", "int64", Kind::nil, duration_methods};
const Type month_type{"time.Month", "int", Kind::nil, name_methods};
const Type weekday_type{"time.Weekday", "int", Kind::nil, name_methods};

Datum duration_datum(std::int64_t nanoseconds) {
  return named(duration_type, nanoseconds, format_go_duration(nanoseconds));
}

Instant moved(const Instant& from, std::int64_t nanoseconds) {
  Instant to = from;
  std::int64_t rest = nanoseconds % second + from.nanoseconds;
  to.seconds += nanoseconds / second;
  if (rest < 0) {
    rest += second;
    --to.seconds;
  } else if (rest >= second) {
    rest -= second;
    ++to.seconds;
  }
  to.nanoseconds = static_cast<std::int32_t>(rest);
  return to;
}

// Saturates, as Time.Sub.
std::int64_t between(const Instant& later, const Instant& earlier) {
  std::int64_t whole = 0;
  std::int64_t total = 0;
  bool over = __builtin_mul_overflow(later.seconds - earlier.seconds, second, &whole) ||
              __builtin_add_overflow(whole, later.nanoseconds - earlier.nanoseconds, &total);
  if (!over) return total;
  return later.seconds < earlier.seconds ? std::numeric_limits<std::int64_t>::min()
                                         : std::numeric_limits<std::int64_t>::max();
}

int order(const Instant& left, const Instant& right) {
  if (left.seconds != right.seconds) return left.seconds < right.seconds ? -1 : 1;
  return left.nanoseconds == right.nanoseconds ? 0 : left.nanoseconds < right.nanoseconds ? -1 : 1;
}

template <auto Civil::*field>
Result<Datum> civil_field(Call& call) {
  return Datum::integer(civil_of(instant_of_self(call)).*field);
}

Result<Datum> add_date(Call& call) {
  const Instant& instant = instant_of_self(call);
  Civil civil = civil_of(instant);
  std::int64_t months = civil.month - 1 + call[1].integer() % 1'000'000;
  std::int64_t years = civil.year + call[0].integer() % 1'000'000 + months / 12 - (months % 12 < 0 ? 1 : 0);
  int month = static_cast<int>((months % 12 + 12) % 12) + 1;
  Instant to = instant;
  to.seconds = seconds_of_date(years, month, 1) +
               (civil.day - 1 + call[2].integer() % 100'000'000) * 86400 + civil.hour * 3600 +
               civil.minute * 60 + civil.second - instant.zone.offset;
  return time_datum(std::move(to));
}

Result<Datum> unix_nano(Call& call) {
  const Instant& instant = instant_of_self(call);
  auto bits = static_cast<std::uint64_t>(instant.seconds) * second +
              static_cast<std::uint64_t>(instant.nanoseconds);
  return Datum::int64(static_cast<std::int64_t>(bits));
}

Result<Datum> is_zero(Call& call) {
  return Datum(order(instant_of_self(call), zero_instant()) == 0);
}

Result<Datum> in_utc(Call& call) {
  Instant instant = instant_of_self(call);
  instant.zone = {};
  return time_datum(std::move(instant));
}

constexpr Function time_methods[] = {
    {"Year", "", civil_field<&Civil::year>},
    {"Month", "",
     [](Call& call) -> Result<Datum> {
       int month = civil_of(instant_of_self(call)).month;
       return named(month_type, month, month_name(month));
     }},
    {"Weekday", "",
     [](Call& call) -> Result<Datum> {
       int day = civil_of(instant_of_self(call)).weekday;
       return named(weekday_type, day, weekday_name(day));
     }},
    {"Day", "", civil_field<&Civil::day>},
    {"YearDay", "", civil_field<&Civil::year_day>},
    {"Hour", "", civil_field<&Civil::hour>},
    {"Minute", "", civil_field<&Civil::minute>},
    {"Second", "", civil_field<&Civil::second>},
    {"Nanosecond", "",
     [](Call& call) -> Result<Datum> { return Datum::integer(instant_of_self(call).nanoseconds); }},
    {"Unix", "", [](Call& call) -> Result<Datum> { return Datum::int64(instant_of_self(call).seconds); }},
    {"UnixMilli", "",
     [](Call& call) -> Result<Datum> {
       return Datum::int64(instant_of_self(call).seconds * 1000 +
                           instant_of_self(call).nanoseconds / 1000'000);
     }},
    {"UnixNano", "", unix_nano},
    {"Format", "s",
     [](Call& call) -> Result<Datum> {
       return Datum(format_instant(instant_of_self(call), call.text(0)));
     }},
    {"String", "", [](Call& call) -> Result<Datum> { return Datum(call.self->host()->print()); }},
    {"AddDate", "iii", add_date},
    {"Sub", "T",
     [](Call& call) -> Result<Datum> {
       return duration_datum(between(instant_of_self(call), instant_of_argument(call[0])));
     }},
    {"Before", "T",
     [](Call& call) -> Result<Datum> {
       return Datum(order(instant_of_self(call), instant_of_argument(call[0])) < 0);
     }},
    {"After", "T",
     [](Call& call) -> Result<Datum> {
       return Datum(order(instant_of_self(call), instant_of_argument(call[0])) > 0);
     }},
    {"Equal", "T",
     [](Call& call) -> Result<Datum> {
       return Datum(order(instant_of_self(call), instant_of_argument(call[0])) == 0);
     }},
    {"IsZero", "", is_zero},
    {"UTC", "", in_utc},
    {"Local", "", in_utc},
};

const Type time_type{"time.Time", "struct", Kind::nil, time_methods};

const Type& TimeObject::type() const { return time_type; }

Result<Datum> now(Call& call) { return time_datum(instant_of(call.execution->now())); }

// A time, or seconds since 1970; anything else is now.
Instant given_instant(Call& call, const Datum& value) {
  if (value.type() == &time_type) return instant_of_argument(value);
  if (value.is_signed()) return {value.integer(), 0, {}};
  return instant_of(call.execution->now());
}

Result<Datum> in_zone(Call& call, std::string_view layout, const Datum& value, const std::string& zone) {
  Instant instant = given_instant(call, value);
  instant.zone = find_zone(zone, instant.seconds).value_or(Zone{});
  return Datum(format_instant(instant, layout));
}

Result<Datum> date(Call& call) { return in_zone(call, call.text(0), call[1], "Local"); }
Result<Datum> date_in_zone(Call& call) { return in_zone(call, call.text(0), call[1], call.text(2)); }
Result<Datum> html_date(Call& call) { return in_zone(call, "2006-01-02", call[0], "Local"); }
Result<Datum> html_date_in_zone(Call& call) {
  return in_zone(call, "2006-01-02", call[0], call.text(1));
}

Result<Datum> date_modify(Call& call) {
  std::optional<std::int64_t> by = parse_go_duration(call.text(0));
  if (!by && call.name.starts_with("must")) {
    return call_failure(duration_complaint(call.text(0)));
  }
  if (!by) return std::move(call[1]);
  return time_datum(moved(instant_of_argument(call[1]), *by));
}

Result<Datum> to_date(Call& call) {
  Result<Instant> instant = parse_instant(call.text(0), call.text(1));
  if (instant) return time_datum(*std::move(instant));
  if (call.name.starts_with("must")) return failure(std::move(instant).error());
  return time_datum(zero_instant());
}

Result<Datum> unix_epoch(Call& call) {
  return Datum(fmt::format("{}", instant_of_argument(call[0]).seconds));
}

Result<Datum> ago(Call& call) {
  std::int64_t passed = between(instant_of(call.execution->now()), given_instant(call, call[0]));
  return Datum(format_go_duration(round_duration(passed, second)));
}

Result<Datum> duration(Call& call) {
  std::int64_t seconds = 0;
  if (call[0].is_string()) seconds = parse_integer(call.text(0), 10).value;
  if (call[0].kind() == Kind::int64) seconds = call[0].integer();
  auto bits = static_cast<std::uint64_t>(seconds) * second;
  return Datum(format_go_duration(static_cast<std::int64_t>(bits)));
}

Result<Datum> duration_round(Call& call) {
  std::int64_t value = 0;
  if (call[0].is_string()) value = parse_go_duration(call.text(0)).value_or(0);
  if (call[0].kind() == Kind::int64) value = call[0].integer();
  if (call[0].type() == &time_type) {
    value = between(instant_of(call.execution->now()), instant_of_argument(call[0]));
  }
  auto size = static_cast<std::uint64_t>(value);
  if (value < 0) size = 0 - size;
  struct Step {
    std::uint64_t seconds;
    std::string_view unit;
  };
  constexpr Step steps[] = {{365 * 86400, "y"}, {30 * 86400, "mo"}, {86400, "d"},
                            {3600, "h"},        {60, "m"},          {1, "s"}};
  for (const Step& step : steps) {
    if (size > step.seconds * second) {
      return Datum(fmt::format("{}{}", size / (step.seconds * second), step.unit));
    }
  }
  return Datum("0s");
}

constexpr Function rows[] = {
    {"now", "", now},
    {"date", "sa", date},
    {"dateInZone", "sas", date_in_zone},
    {"date_in_zone", "sas", date_in_zone},
    {"htmlDate", "a", html_date},
    {"htmlDateInZone", "as", html_date_in_zone},
    {"dateModify", "sT", date_modify},
    {"date_modify", "sT", date_modify},
    {"mustDateModify", "sT", date_modify},
    {"must_date_modify", "sT", date_modify},
    {"toDate", "ss", to_date},
    {"mustToDate", "ss", to_date},
    {"unixEpoch", "T", unix_epoch},
    {"ago", "a", ago},
    {"duration", "a", duration},
    {"durationRound", "a", duration_round},
};

Result<std::int64_t> from_seconds(double seconds) {
  if (!std::isfinite(seconds)) {
    return call_failure(fmt::format("invalid duration seconds: {}", format_float(seconds)));
  }
  double nanoseconds = seconds * 1e9;
  if (nanoseconds >= 9223372036854775807.0 || nanoseconds < -9223372036854775808.0) {
    return call_failure(fmt::format("duration seconds overflow: {}", format_float(seconds)));
  }
  return static_cast<std::int64_t>(nanoseconds);
}

// Helm's asDuration: a duration's text, or a number of seconds.
Result<std::int64_t> as_duration(const Datum& value) {
  if (value.type() == &duration_type) return value.host()->number();
  if (value.is_nil()) return call_failure("invalid duration");
  if (value.kind() == Kind::float64) return from_seconds(value.real());
  if (value.is_signed() || value.is_unsigned()) {
    std::int64_t nanoseconds = 0;
    if (__builtin_mul_overflow(value.integer(), second, &nanoseconds)) {
      return call_failure(fmt::format("duration seconds overflow: {}", value.integer()));
    }
    return nanoseconds;
  }
  if (!value.is_string()) {
    return call_failure(fmt::format("unsupported duration type {}", value.type_name()));
  }
  std::string_view text = trim(value.text());
  if (text.empty()) return call_failure("empty duration");
  if (std::optional<std::int64_t> parsed = parse_go_duration(text)) return *parsed;
  if (std::optional<double> seconds = parse_float(text)) return from_seconds(*seconds);
  return call_failure(fmt::format("could not parse duration {}", quote(value.text())));
}

std::int64_t duration_or_zero(const Datum& value) {
  Result<std::int64_t> duration = as_duration(value);
  return duration ? *duration : 0;
}

Result<Datum> must_to_duration(Call& call) {
  auto value = TRY(as_duration(call[0]));
  return duration_datum(value);
}
Result<Datum> round_to(Call& call) {
  return duration_datum(round_duration(duration_or_zero(call[0]), duration_or_zero(call[1])));
}
Result<Datum> truncate_to(Call& call) {
  std::int64_t value = duration_or_zero(call[0]);
  std::int64_t multiple = duration_or_zero(call[1]);
  return duration_datum(multiple <= 0 ? value : value - value % multiple);
}

constexpr Function helm4_rows[] = {
    {"mustToDuration", "a", must_to_duration},
    {"durationRoundTo", "aa", round_to},
    {"durationTruncateTo", "aa", truncate_to},
    {"durationSeconds", "a",
     [](Call& call) -> Result<Datum> { return Datum(seconds_of(duration_or_zero(call[0]))); }},
    {"durationMinutes", "a",
     [](Call& call) -> Result<Datum> { return Datum(minutes_of(duration_or_zero(call[0]))); }},
    {"durationHours", "a",
     [](Call& call) -> Result<Datum> { return Datum(hours_of(duration_or_zero(call[0]))); }},
    {"durationDays", "a",
     [](Call& call) -> Result<Datum> { return Datum(hours_of(duration_or_zero(call[0])) / 24); }},
    {"durationWeeks", "a",
     [](Call& call) -> Result<Datum> { return Datum(hours_of(duration_or_zero(call[0])) / 24 / 7); }},
    {"durationMilliseconds", "a",
     [](Call& call) -> Result<Datum> { return Datum::int64(duration_or_zero(call[0]) / 1000'000); }},
    {"durationMicroseconds", "a",
     [](Call& call) -> Result<Datum> { return Datum::int64(duration_or_zero(call[0]) / 1000); }},
    {"durationNanoseconds", "a",
     [](Call& call) -> Result<Datum> { return Datum::int64(duration_or_zero(call[0])); }},
};

}  // namespace

Datum time_datum(Instant instant) { return Datum::of_object(std::make_unique<TimeObject>(std::move(instant))); }

std::span<const Function> time_functions() { return rows; }
std::span<const Function> duration_functions_of_helm4() { return helm4_rows; }

}  // namespace holdfast::gotmpl
