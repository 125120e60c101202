// SPDX-License-Identifier: Apache-2.0
#include "sync/window.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"
#include "base/glob.h"
#include "base/text.h"
#include "base/zone.h"

namespace holdfast::sync {
namespace {

using Minutes = std::chrono::sys_time<std::chrono::minutes>;

struct Field {
  int low, high;
  std::array<std::string_view, 12> names;
};

constexpr Field minute_field{0, 59, {}};
constexpr Field hour_field{0, 23, {}};
constexpr Field day_field{1, 31, {}};
constexpr Field month_field{1, 12, {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
                                    "oct", "nov", "dec"}};
constexpr Field weekday_field{0, 6, {"sun", "mon", "tue", "wed", "thu", "fri", "sat"}};

std::optional<int> parse_number(std::string_view text, const Field& field) {
  const auto lower = ascii_lower(text);
  for (std::size_t i = 0; i < field.names.size(); ++i) {
    if (!field.names[i].empty() && field.names[i] == lower) return field.low + static_cast<int>(i);
  }
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (field.high == 6 && number == 7) number = 0;
  return number >= field.low && number <= field.high ? std::optional(number) : std::nullopt;
}

std::optional<std::uint64_t> parse_part(std::string_view part, const Field& field) {
  int step = 1;
  const auto slash = part.find('/');
  if (slash != std::string_view::npos) {
    const auto text = part.substr(slash + 1);
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), step);
    if (code != std::errc{} || end != text.data() + text.size() || step < 1) return std::nullopt;
    part = part.substr(0, slash);
  }
  int low = field.low, high = field.high;
  if (part != "*" && part != "?") {
    const auto dash = part.find('-');
    const auto first = parse_number(part.substr(0, dash), field);
    if (!first) return std::nullopt;
    low = *first;
    if (dash != std::string_view::npos) {
      const auto last = parse_number(part.substr(dash + 1), field);
      if (!last || *last < low) return std::nullopt;
      high = *last;
    } else if (slash == std::string_view::npos) {
      high = low;
    }
  }
  std::uint64_t bits = 0;
  for (int i = low; i <= high; i += step) bits |= std::uint64_t{1} << i;
  return bits;
}

std::optional<std::uint64_t> parse_field(std::string_view text, const Field& field) {
  std::uint64_t bits = 0;
  for (const auto part : split(text, ',')) {
    const auto more = parse_part(part, field);
    if (!more) return std::nullopt;
    bits |= *more;
  }
  return bits;
}

std::string_view expand_word(std::string_view text) {
  if (text == "@yearly" || text == "@annually") return "0 0 1 1 *";
  if (text == "@monthly") return "0 0 1 * *";
  if (text == "@weekly") return "0 0 * * 0";
  if (text == "@daily" || text == "@midnight") return "0 0 * * *";
  if (text == "@hourly") return "0 * * * *";
  return text;
}

bool has_bit(std::uint64_t bits, unsigned index) { return (bits >> index & 1) != 0; }

bool any_glob(const std::vector<std::string>& patterns, std::string_view text) {
  return std::ranges::any_of(patterns, [&](const auto& each) { return glob_match(each, text); });
}

bool covers(const Window& window, const WindowSubject& subject) {
  const bool application = any_glob(window.applications, subject.application);
  const bool space = any_glob(window.namespaces, subject.namespace_);
  const bool cluster = (!subject.server.empty() && any_glob(window.clusters, subject.server)) ||
                       (!subject.cluster_name.empty() && any_glob(window.clusters, subject.cluster_name));
  const bool any = application || space || cluster;
  if (!window.all_must_match) return any;
  return any && (window.applications.empty() || application) && (window.namespaces.empty() || space) &&
         (window.clusters.empty() || cluster);
}

// The schedule is told in the zone's time, with the offset that the zone has now.
bool active(const Window& window, WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const auto zone = find_zone(window.zone, seconds).value_or(Zone{});
  return window.schedule && window.schedule->fired_within(now + std::chrono::seconds(zone.offset), window.duration);
}

struct Active {
  std::vector<const Window*> deny, allow, closed;  // closed: allow windows that are not open
};

Active sort_out(const std::vector<const Window*>& windows, WallTime now) {
  Active found;
  for (const auto* window : windows) {
    const bool open = active(*window, now);
    if (window->kind == Window::Kind::deny && open) found.deny.push_back(window);
    if (window->kind == Window::Kind::allow) (open ? found.allow : found.closed).push_back(window);
  }
  return found;
}

bool all_manual(const std::vector<const Window*>& windows) {
  return std::ranges::all_of(windows, [](const Window* each) { return each->manual; });
}

bool all_overrun(const std::vector<const Window*>& windows) {
  return std::ranges::all_of(windows, [](const Window* each) { return each->overrun; });
}

}  // namespace

std::optional<Cron> Cron::parse(std::string_view text) {
  std::vector<std::string_view> fields;
  for (const auto part : split(expand_word(trim(text)), ' ')) {
    if (!part.empty()) fields.push_back(part);
  }
  if (fields.size() != 5) return std::nullopt;
  const auto minutes = parse_field(fields[0], minute_field);
  const auto hours = parse_field(fields[1], hour_field);
  const auto days = parse_field(fields[2], day_field);
  const auto months = parse_field(fields[3], month_field);
  const auto weekdays = parse_field(fields[4], weekday_field);
  if (!minutes || !hours || !days || !months || !weekdays) return std::nullopt;
  Cron cron;
  cron.minutes_ = *minutes;
  cron.hours_ = *hours;
  cron.days_ = *days;
  cron.months_ = *months;
  cron.weekdays_ = *weekdays;
  cron.any_day_ = fields[2].starts_with('*') || fields[2].starts_with('?');
  cron.any_weekday_ = fields[4].starts_with('*') || fields[4].starts_with('?');
  return cron;
}

bool Cron::fires_at(Minutes minute) const {
  const auto day = std::chrono::floor<std::chrono::days>(minute);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(minute - day);
  if (!has_bit(minutes_, static_cast<unsigned>(time.minutes().count())) ||
      !has_bit(hours_, static_cast<unsigned>(time.hours().count())) ||
      !has_bit(months_, static_cast<unsigned>(date.month()))) {
    return false;
  }
  const bool by_day = has_bit(days_, static_cast<unsigned>(date.day()));
  const bool by_weekday = has_bit(weekdays_, std::chrono::weekday(day).c_encoding());
  // As cron: when both are restricted one of them suffices.
  return any_day_ || any_weekday_ ? by_day && by_weekday : by_day || by_weekday;
}

bool Cron::fired_within(WallTime now, Duration duration) const {
  const auto last = std::chrono::floor<std::chrono::minutes>(now);
  const auto span = std::min<Duration>(duration, std::chrono::hours(24 * 366));
  for (Minutes minute = last; now - minute < span; minute -= std::chrono::minutes(1)) {
    if (fires_at(minute)) return true;
  }
  return false;
}

WindowSubject window_subject(const Application& application) {
  return {application.name, application.destination.namespace_, application.destination.server, application.destination.name};
}

std::vector<Window> decode_windows(const Value* windows) {
  std::vector<Window> decoded;
  const auto* array = windows == nullptr ? nullptr : windows->as_array();
  if (array == nullptr) return decoded;
  for (const auto& each : *array) {
    Window window;
    const auto kind = each.text({"kind"}), schedule = each.text({"schedule"}), lasts = each.text({"duration"});
    if (kind == "allow") window.kind = Window::Kind::allow;
    if (kind == "deny") window.kind = Window::Kind::deny;
    window.text = printable(fmt::format("{}:{}:{}", kind, schedule, lasts));
    window.schedule = Cron::parse(schedule);
    const auto duration = parse_go_duration(lasts);
    if (!window.schedule) {
      window.problem = fmt::format("cannot parse schedule '{}'", printable(schedule));
    } else if (!duration) {
      window.problem = fmt::format("cannot parse duration '{}'", printable(lasts));
    }
    window.duration = duration.value_or(Duration{0});
    window.zone = each.text({"timeZone"});
    window.applications = strings_of(each.find("applications"));
    window.namespaces = strings_of(each.find("namespaces"));
    window.clusters = strings_of(each.find("clusters"));
    window.all_must_match = flag_of(each.find("andOperator"));
    window.manual = flag_of(each.find("manualSync"));
    window.overrun = flag_of(each.find("syncOverrun"));
    decoded.push_back(std::move(window));
  }
  return decoded;
}

std::vector<const Window*> windows_for(const std::vector<Window>& windows, const WindowSubject& subject) {
  std::vector<const Window*> found;
  for (const auto& window : windows) {
    if (covers(window, subject)) found.push_back(&window);
  }
  return found;
}

std::string window_problem(const std::vector<const Window*>& windows) {
  const auto broken = std::ranges::find_if(windows, [](const Window* each) { return !each->problem.empty(); });
  return broken == windows.end() ? std::string() : fmt::format("invalid sync windows: {}", (*broken)->problem);
}

bool may_sync(const std::vector<Window>& windows, const WindowSubject& subject, SyncKind kind,
              WallTime now, std::optional<WallTime> started) {
  const auto ours = windows_for(windows, subject);
  if (!window_problem(ours).empty()) return false;
  const Active found = sort_out(ours, now);
  const bool by_hand = kind == SyncKind::manual;
  const auto allowed_at_start = [&] {
    return started && may_sync(windows, subject, kind, *started, std::nullopt);
  };
  if (!found.deny.empty()) {
    if (by_hand && all_manual(found.deny)) return true;
    return all_overrun(found.deny) && allowed_at_start();
  }
  if (!found.allow.empty() || found.closed.empty()) return true;
  if (by_hand && all_manual(found.closed)) return true;
  return all_overrun(found.closed) && allowed_at_start();
}

std::string_view window_word(const std::vector<Window>& windows, const WindowSubject& subject, WallTime now) {
  if (may_sync(windows, subject, SyncKind::automated, now)) return "Sync Allowed";
  return may_sync(windows, subject, SyncKind::manual, now) ? "Manual Allowed" : "Sync Denied";
}

}  // namespace holdfast::sync
