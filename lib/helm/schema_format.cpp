// SPDX-License-Identifier: Apache-2.0
#include "helm/schema_format.h"

#include "base/semver.h"
#include "base/text.h"
#include "regex/expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace holdfast::helm {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

// Exactly `size` digits; nothing otherwise.
std::optional<int> number(std::string_view text, std::size_t size) {
  if (text.size() != size || !all_digits(text)) return std::nullopt;
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool ipv4(std::string_view text) {
  const auto parts = split(text, '.');
  if (parts.size() != 4) return false;
  return std::ranges::all_of(parts, [](std::string_view part) {
    if (part.size() > 3 || !all_digits(part) || (part.size() > 1 && part.front() == '0'))
      return false;
    return *number(part, part.size()) <= 255;
  });
}

bool ipv6(std::string_view text) {
  std::size_t groups = 0;
  const auto gap = text.find("::");
  if (gap != std::string_view::npos && text.find("::", gap + 1) != std::string_view::npos)
    return false;
  const auto count = [&](std::string_view half, bool last) {
    if (half.empty()) return true;
    const auto parts = split(half, ':');
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (last && i + 1 == parts.size() && parts[i].find('.') != std::string_view::npos) {
        if (!ipv4(parts[i])) return false;
        groups += 2;
        continue;
      }
      if (parts[i].empty() || parts[i].size() > 4 || !std::ranges::all_of(parts[i], is_hex))
        return false;
      ++groups;
    }
    return true;
  };
  if (gap == std::string_view::npos) return count(text, true) && groups == 8;
  return count(text.substr(0, gap), false) && count(text.substr(gap + 2), true) && groups < 8;
}

bool hostname(std::string_view text) {
  constexpr std::size_t name_max = 253, label_max = 63;
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.size() > name_max) return false;
  return std::ranges::all_of(split(text, '.'), [](std::string_view label) {
    if (label.empty() || label.size() > label_max || label.front() == '-' || label.back() == '-')
      return false;
    return std::ranges::all_of(label,
                               [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
  });
}

bool local_part(std::string_view text) {
  if (text.size() > 1 && text.front() == '"' && text.back() == '"') {
    return text.substr(1, text.size() - 2).find_first_of("\\\"") == std::string_view::npos;
  }
  if (text.starts_with('.') || text.ends_with('.') ||
      text.find("..") != std::string_view::npos)
    return false;
  return std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) ||
           std::string_view(".!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
  });
}

bool email(std::string_view text) {
  constexpr std::size_t address_max = 254, local_max = 64;
  const auto at = text.rfind('@');
  if (text.size() > address_max || at == std::string_view::npos || at > local_max) return false;
  if (!local_part(text.substr(0, at))) return false;
  auto domain = text.substr(at + 1);
  if (domain.size() > 1 && domain.front() == '[' && domain.back() == ']') {
    domain = domain.substr(1, domain.size() - 2);
    return domain.starts_with("IPv6:") ? ipv6(domain.substr(5)) : ipv4(domain);
  }
  return hostname(domain);
}

bool date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto year = number(text.substr(0, 4), 4), month = number(text.substr(5, 2), 2),
             day = number(text.substr(8, 2), 2);
  if (!year || !month || !day || *month < 1 || *month > 12 || *day < 1) return false;
  constexpr std::array<int, 12> days = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (*year % 4 == 0 && *year % 100 != 0) || *year % 400 == 0;
  return *day <= days[static_cast<std::size_t>(*month - 1)] + (leap && *month == 2 ? 1 : 0);
}

bool time_of_day(std::string_view text) {
  if (text.size() < 9 || text[2] != ':' || text[5] != ':') return false;
  const auto hour = number(text.substr(0, 2), 2), minute = number(text.substr(3, 2), 2),
             second = number(text.substr(6, 2), 2);
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 60) return false;
  text.remove_prefix(8);
  if (text.front() == '.') {
    const auto end = std::ranges::find_if_not(text.substr(1), is_digit) - text.begin();
    if (end <= 1) return false;
    text.remove_prefix(static_cast<std::size_t>(end));
  }
  int offset = 0;
  if (text != "z" && text != "Z") {
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':') return false;
    const auto hours = number(text.substr(1, 2), 2), minutes = number(text.substr(4, 2), 2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59) return false;
    offset = (*hours * 60 + *minutes) * (text[0] == '-' ? -1 : 1);
  }
  if (*second < 60) return true;
  // A leap second is the last of a day in UTC.
  constexpr int day = 24 * 60;
  const int utc = ((*hour * 60 + *minute - offset) % day + day) % day;
  return utc == day - 1;
}

bool date_time(std::string_view text) {
  if (text.size() < 20 || (text[10] != 'T' && text[10] != 't')) return false;
  return date(text.substr(0, 10)) && time_of_day(text.substr(11));
}

// "P1Y2M3DT4H5M6S" or "P4W": units in their order, each a number.
bool duration(std::string_view text) {
  if (!text.starts_with('P')) return false;
  text.remove_prefix(1);
  const auto units = [](std::string_view part, std::string_view order) {
    if (part.empty()) return false;
    while (!part.empty()) {
      const auto end = part.find_first_not_of("0123456789");
      if (end == 0 || end == std::string_view::npos) return false;
      const auto unit = order.find(part[end]);
      if (unit == std::string_view::npos) return false;
      order.remove_prefix(unit + 1);
      part.remove_prefix(end + 1);
    }
    return true;
  };
  if (text.ends_with('W')) return units(text, "W");
  const auto clock = text.find('T');
  if (clock == std::string_view::npos) return units(text, "YMD");
  return (clock == 0 || units(text.substr(0, clock), "YMD")) &&
         units(text.substr(clock + 1), "HMS");
}

bool json_pointer(std::string_view text) {
  if (text.empty()) return true;
  if (!text.starts_with('/')) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '~' && (i + 1 >= text.size() || (text[i + 1] != '0' && text[i + 1] != '1')))
      return false;
  }
  return true;
}

bool relative_json_pointer(std::string_view text) {
  const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
  if (end == 0 || (end > 1 && text.front() == '0')) return false;
  return text.substr(end) == "#" || json_pointer(text.substr(end));
}

bool uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
  }
  return true;
}

// The length of the scheme before ':'; 0 when there is none, nothing when it is broken ("::").
std::optional<std::size_t> scheme_length(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (is_letter(c) || (i > 0 && (is_digit(c) || c == '+' || c == '-' || c == '.'))) continue;
    if (c != ':') return 0;
    return i == 0 ? std::nullopt : std::optional(i);
  }
  return 0;
}

bool whole_escapes(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])))
      return false;
  }
  return true;
}

// What Go's url.Parse takes (net/url): no control characters, whole escapes but in a query and behind
// a scheme without a slash, a port of digits.
bool url_parses(std::string_view text) {
  const auto hash = std::min(text.find('#'), text.size());
  if (!whole_escapes(text.substr(hash))) return false;
  text = text.substr(0, hash);
  if (std::ranges::any_of(text,
                          [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    return false;
  const auto scheme = scheme_length(text);
  if (!scheme) return false;
  auto rest = text.substr(*scheme == 0 ? 0 : *scheme + 1);
  rest = rest.substr(0, rest.find('?'));
  if (!rest.starts_with('/')) {
    if (*scheme > 0) return true;
    const auto segment = rest.substr(0, rest.find('/'));
    if (segment.find(':') != std::string_view::npos) return false;
  }
  if (!whole_escapes(rest)) return false;
  if (!rest.starts_with("//")) return true;
  rest.remove_prefix(2);
  auto host = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto user = host.rfind('@'); user != std::string_view::npos)
    host.remove_prefix(user + 1);
  if (host.find_first_of(" <>\"") != std::string_view::npos) return false;
  if (host.starts_with('[')) {
    const auto close = host.find(']');
    if (close == std::string_view::npos || !ipv6(host.substr(1, close - 1))) return false;
    host.remove_prefix(close + 1);
  } else if (host.find_first_of("[]") != std::string_view::npos) {
    return false;
  }
  const auto colon = host.rfind(':');
  return colon == std::string_view::npos || host.substr(colon + 1).empty() ||
         all_digits(host.substr(colon + 1));
}

bool uri_reference(std::string_view text) {
  return text.find('\\') == std::string_view::npos && url_parses(text);
}

bool uri(std::string_view text) {
  return url_parses(text) && scheme_length(text).value_or(0) > 0;
}

// A URL whose braces come in pairs in each part of its path.
bool uri_template(std::string_view text) {
  if (!url_parses(text)) return false;
  text = text.substr(0, text.find_first_of("?#"));
  const auto scheme = scheme_length(text).value_or(0);
  if (scheme > 0) text.remove_prefix(scheme + 1);
  if (scheme > 0 && !text.starts_with('/')) return true;
  if (text.starts_with("//")) text.remove_prefix(std::min(text.find('/', 2), text.size()));
  return std::ranges::all_of(split(text, '/'), [](std::string_view part) {
    bool open = false;
    for (const char c : part) {
      if ((c == '{') == open && (c == '{' || c == '}')) return false;
      if (c == '{' || c == '}') open = c == '{';
    }
    return !open;
  });
}

bool expression(std::string_view text) {
  return regex::Expression::compile(text).has_value();
}

// Strict: three numbers without leading zeros.
bool version(std::string_view text) {
  const auto parsed = semver::Version::parse(text);
  return parsed && parsed->to_string() == text;
}

// Two times, or a time and how long before or after.
bool period(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  const auto start = text.substr(0, slash), end = text.substr(slash + 1);
  if (start.starts_with('P')) return duration(start) && date_time(end);
  return date_time(start) && (end.starts_with('P') ? duration(end) : date_time(end));
}

struct Format {
  std::string_view name;
  bool (*holds)(std::string_view);
};

constexpr auto formats = std::to_array<Format>({{"date", date},
                                                {"date-time", date_time},
                                                {"duration", duration},
                                                {"email", email},
                                                {"hostname", hostname},
                                                {"ipv4", ipv4},
                                                {"ipv6", ipv6},
                                                {"iri", uri},
                                                {"iri-reference", uri_reference},
                                                {"json-pointer", json_pointer},
                                                {"period", period},
                                                {"regex", expression},
                                                {"relative-json-pointer", relative_json_pointer},
                                                {"semver", version},
                                                {"time", time_of_day},
                                                {"uri", uri},
                                                {"uri-reference", uri_reference},
                                                {"uri-template", uri_template},
                                                {"uuid", uuid}});

}  // namespace

bool format_holds(std::string_view format, std::string_view text) {
  const auto found = std::ranges::find(formats, format, &Format::name);
  return found == formats.end() || found->holds(text);
}

}  // namespace holdfast::helm
