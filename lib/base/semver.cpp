// SPDX-License-Identifier: Apache-2.0
#include "base/semver.h"

#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace holdfast::semver {
namespace {

constexpr std::size_t text_max = 256;  // as upstream's MaxVersionLen

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_identifier(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

std::optional<std::uint64_t> to_number(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (status != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// "rc.1": dot-separated, none empty.
std::string_view take_identifiers(std::string_view& text) {
  std::size_t end = 0;
  while (end < text.size() && (is_identifier(text[end]) || text[end] == '.'))
    ++end;
  const auto taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

bool well_formed(std::string_view identifiers) {
  return std::ranges::none_of(split(identifiers, '.'), [](auto part) { return part.empty(); });
}

// The numbers and suffixes of a version or a pattern: "1.x-rc.1+b" is {"1", "x", ""}, "rc.1", "b".
struct Pieces {
  std::string_view numbers[3];
  std::string_view prerelease, metadata;
};

enum class Wildcards { none, allowed };

std::string_view take_number(std::string_view& text, Wildcards wildcards) {
  std::size_t end = 0;
  while (end < text.size() && is_digit(text[end]))
    ++end;
  if (end == 0 && wildcards == Wildcards::allowed && !text.empty() &&
      (text[0] == 'x' || text[0] == 'X' || text[0] == '*')) {
    end = 1;
  }
  const auto taken = text.substr(0, end);
  text.remove_prefix(end);
  return taken;
}

std::optional<Pieces> take_pieces(std::string_view& text, Wildcards wildcards) {
  Pieces pieces;
  if (text.starts_with('v')) text.remove_prefix(1);
  for (std::size_t i = 0; i < 3; ++i) {
    if (i > 0) {
      if (!text.starts_with('.')) break;
      text.remove_prefix(1);
    }
    pieces.numbers[i] = take_number(text, wildcards);
    if (pieces.numbers[i].empty()) return std::nullopt;
  }
  if (text.starts_with('-')) {
    text.remove_prefix(1);
    pieces.prerelease = take_identifiers(text);
    if (!well_formed(pieces.prerelease)) return std::nullopt;
  }
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    pieces.metadata = take_identifiers(text);
    if (!well_formed(pieces.metadata)) return std::nullopt;
  }
  return pieces;
}

bool has_leading_zero(std::string_view prerelease) {
  return std::ranges::any_of(split(prerelease, '.'), [](auto part) {
    return part.size() > 1 && part[0] == '0' && all_digits(part);
  });
}

std::strong_ordering compare_part(std::string_view a, std::string_view b) {
  if (a == b) return std::strong_ordering::equal;
  if (a.empty()) return std::strong_ordering::less;  // fewer identifiers come first
  if (b.empty()) return std::strong_ordering::greater;
  const bool a_number = all_digits(a), b_number = all_digits(b);
  if (a_number != b_number) {
    return a_number ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (a_number && a.size() != b.size()) return a.size() <=> b.size();
  return a.compare(b) <=> 0;
}

std::strong_ordering compare_prerelease(std::string_view a, std::string_view b) {
  if (a == b) return std::strong_ordering::equal;
  if (a.empty()) return std::strong_ordering::greater;  // a release comes after its candidates
  if (b.empty()) return std::strong_ordering::less;
  const auto a_parts = split(a, '.'), b_parts = split(b, '.');
  for (std::size_t i = 0; i < std::max(a_parts.size(), b_parts.size()); ++i) {
    const auto order = compare_part(i < a_parts.size() ? a_parts[i] : std::string_view(),
                                    i < b_parts.size() ? b_parts[i] : std::string_view());
    if (order != 0) return order;
  }
  return std::strong_ordering::equal;
}

}  // namespace

std::optional<Version> Version::parse(std::string_view text) {
  if (text.size() > text_max) return std::nullopt;
  std::string_view rest = text;
  const auto pieces = take_pieces(rest, Wildcards::none);
  if (!pieces || !rest.empty() || has_leading_zero(pieces->prerelease)) return std::nullopt;
  Version version{.prerelease = std::string(pieces->prerelease),
                  .metadata = std::string(pieces->metadata),
                  .original = std::string(text)};
  std::uint64_t* const numbers[3] = {&version.major, &version.minor, &version.patch};
  for (std::size_t i = 0; i < 3; ++i) {
    if (pieces->numbers[i].empty()) break;
    const auto number = to_number(pieces->numbers[i]);
    if (!number) return std::nullopt;
    *numbers[i] = *number;
  }
  return version;
}

std::string Version::to_string() const {
  std::string out = fmt::format("{}.{}.{}", major, minor, patch);
  if (!prerelease.empty()) out += "-" + prerelease;
  if (!metadata.empty()) out += "+" + metadata;
  return out;
}

std::strong_ordering compare(const Version& a, const Version& b) {
  if (const auto order = a.major <=> b.major; order != 0) return order;
  if (const auto order = a.minor <=> b.minor; order != 0) return order;
  if (const auto order = a.patch <=> b.patch; order != 0) return order;
  return compare_prerelease(a.prerelease, b.prerelease);
}

struct Range::Scanner {
  std::string_view rest;

  std::size_t skip_space() {
    const auto end = std::min(rest.find_first_not_of(" \t\r\n\f\v"), rest.size());
    rest.remove_prefix(end);
    return end;
  }

  Operator take_operator() {
    constexpr std::pair<std::string_view, Operator> words[] = {
        {"!=", Operator::not_equal}, {">=", Operator::at_least}, {"=>", Operator::at_least},
        {"<=", Operator::at_most},   {"=<", Operator::at_most},  {"~>", Operator::tilde},
        {"=", Operator::equal},      {">", Operator::greater},   {"<", Operator::less},
        {"~", Operator::tilde},      {"^", Operator::caret},
    };
    for (const auto& [word, op] : words) {
      if (!rest.starts_with(word)) continue;
      rest.remove_prefix(word.size());
      return op;
    }
    return Operator::equal;
  }
};

std::optional<Range::Condition> Range::parse_condition(Scanner& scanner) {
  scanner.skip_space();
  Condition condition{.op = scanner.take_operator()};
  scanner.skip_space();
  const auto pieces = take_pieces(scanner.rest, Wildcards::allowed);
  if (!pieces) return std::nullopt;
  const auto open = [&](std::size_t i) {
    return pieces->numbers[i].empty() || !all_digits(pieces->numbers[i]);
  };
  condition.dirty = open(0) || open(1) || open(2);
  condition.minor_dirty = !open(0) && open(1);
  condition.patch_dirty = !open(0) && !open(1) && open(2);
  std::uint64_t* const numbers[3] = {&condition.version.major, &condition.version.minor,
                                     &condition.version.patch};
  for (std::size_t i = 0; i < 3 && !open(i); ++i) {
    const auto number = to_number(pieces->numbers[i]);
    if (!number) return std::nullopt;
    *numbers[i] = *number;
  }
  condition.version.prerelease = pieces->prerelease;
  if (has_leading_zero(pieces->prerelease)) return std::nullopt;
  return condition;
}

std::optional<std::vector<Range::Condition>> Range::parse_conditions(std::string_view text) {
  std::vector<Condition> conditions;
  Scanner scanner{.rest = text};
  scanner.skip_space();
  if (scanner.rest.empty()) return std::nullopt;
  while (true) {
    auto condition = parse_condition(scanner);
    if (!condition) return std::nullopt;
    auto spaces = scanner.skip_space();
    if (spaces > 0 && scanner.rest.starts_with("- ")) {  // "1.2 - 1.4"
      scanner.rest.remove_prefix(2);
      condition->op = Operator::at_least;
      conditions.push_back(*std::move(condition));
      condition = parse_condition(scanner);
      if (!condition) return std::nullopt;
      condition->op = Operator::at_most;
      spaces = scanner.skip_space();
    }
    conditions.push_back(*std::move(condition));
    if (scanner.rest.empty()) return conditions;
    if (scanner.rest.starts_with(',')) {
      scanner.rest.remove_prefix(1);
    } else if (spaces == 0) {
      return std::nullopt;
    }
  }
}

std::optional<Range> Range::parse(std::string_view text) {
  if (text.size() > text_max) return std::nullopt;
  Range range;
  while (true) {
    const auto end = text.find("||");
    auto conditions = parse_conditions(text.substr(0, end));
    if (!conditions) return std::nullopt;
    range.alternatives_.push_back(*std::move(conditions));
    if (end == std::string_view::npos) return range;
    text.remove_prefix(end + 2);
  }
}

bool Range::contains(const Version& version) const {
  return std::ranges::any_of(alternatives_, [&](const std::vector<Condition>& conditions) {
    const bool names_prerelease = std::ranges::any_of(
        conditions, [](const Condition& c) { return !c.version.prerelease.empty(); });
    if (!version.prerelease.empty() && !names_prerelease) return false;
    return std::ranges::all_of(conditions, [&](const Condition& c) { return holds(c, version); });
  });
}

bool Range::holds(const Condition& c, const Version& v) {
  switch (c.op) {
    case Operator::equal: return c.dirty ? holds_tilde(c, v) : compare(v, c.version) == 0;
    case Operator::not_equal: return holds_not_equal(c, v);
    case Operator::greater: return holds_greater(c, v);
    case Operator::less: return compare(v, c.version) < 0;
    case Operator::at_least: return compare(v, c.version) >= 0;
    case Operator::at_most: return holds_at_most(c, v);
    case Operator::tilde: return holds_tilde(c, v);
    case Operator::caret: return holds_caret(c, v);
  }
  return false;
}

bool Range::holds_not_equal(const Condition& c, const Version& v) {
  if (!c.dirty) return compare(v, c.version) != 0;
  if (v.major != c.version.major) return true;
  if (c.minor_dirty) return false;
  if (v.minor != c.version.minor) return true;
  if (c.patch_dirty) return v.prerelease != c.version.prerelease;
  return compare(v, c.version) != 0;
}

// ">11" means 12 and later, ">11.1" means 11.2 and later.
bool Range::holds_greater(const Condition& c, const Version& v) {
  if (!c.dirty) return compare(v, c.version) > 0;
  if (v.major != c.version.major) return v.major > c.version.major;
  if (c.minor_dirty) return false;
  if (c.patch_dirty) return v.minor > c.version.minor;
  return compare(v, c.version) > 0;
}

bool Range::holds_at_most(const Condition& c, const Version& v) {
  if (!c.dirty) return compare(v, c.version) <= 0;
  if (v.major != c.version.major) return v.major < c.version.major;
  return v.minor <= c.version.minor || c.minor_dirty;
}

bool Range::holds_tilde(const Condition& c, const Version& v) {
  if (compare(v, c.version) < 0) return false;
  const bool anything = c.version.major == 0 && c.version.minor == 0 && c.version.patch == 0 &&
                        !c.minor_dirty && !c.patch_dirty;
  if (anything) return true;  // "*" and, as upstream has it, "~0.0.0"
  return v.major == c.version.major && (v.minor == c.version.minor || c.minor_dirty);
}

bool Range::holds_caret(const Condition& c, const Version& v) {
  if (compare(v, c.version) < 0) return false;
  if (c.version.major > 0 || c.minor_dirty) return v.major == c.version.major;
  if (v.major > 0) return false;
  if (c.version.minor > 0 || c.patch_dirty) return v.minor == c.version.minor;
  if (v.minor > 0) return false;
  return v.patch == c.version.patch;
}

}  // namespace holdfast::semver
