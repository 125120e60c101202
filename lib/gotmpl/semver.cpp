// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/semver.h"

#include <charconv>
#include <optional>

#include "base/text.h"

namespace holdfast::gotmpl {
namespace {

constexpr std::size_t text_bytes_max = 256;  // Masterminds' MaxVersionLen

bool digit(char c) { return c >= '0' && c <= '9'; }
bool identifier_byte(char c) {
  return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}
bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'); }

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || status != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

// Takes the longest run of `accepts` bytes off the front.
template <class Accepts>
std::string_view take(std::string_view& text, Accepts accepts) {
  std::size_t size = 0;
  while (size < text.size() && accepts(text[size])) ++size;
  std::string_view taken = text.substr(0, size);
  text.remove_prefix(size);
  return taken;
}

// "-a.b" or "+a.b"; nothing is taken when no identifier follows the mark.
std::string_view take_identifiers(std::string_view& text, char mark) {
  if (text.size() < 2 || text[0] != mark || !identifier_byte(text[1])) return {};
  std::string_view rest = text.substr(1);
  std::string_view start = rest;
  take(rest, identifier_byte);
  while (rest.size() > 1 && rest[0] == '.' && identifier_byte(rest[1])) {
    rest.remove_prefix(1);
    take(rest, identifier_byte);
  }
  text = rest;
  return start.substr(0, start.size() - rest.size());
}

// A number of a numeric identifier may not start with a zero.
bool pre_release_fits(std::string_view text) {
  for (std::string_view part : split(text, '.')) {
    std::string_view rest = part;
    take(rest, digit);
    if (part.empty() || (rest.empty() && part.size() > 1 && part[0] == '0')) return false;
  }
  return true;
}

std::strong_ordering compare_part(std::string_view left, std::string_view right) {
  if (left == right) return std::strong_ordering::equal;
  if (left.empty()) return std::strong_ordering::less;
  if (right.empty()) return std::strong_ordering::greater;
  std::optional<std::uint64_t> left_number = number(left);
  std::optional<std::uint64_t> right_number = number(right);
  if (!left_number && !right_number) return left <=> right;
  if (!right_number) return std::strong_ordering::less;
  if (!left_number) return std::strong_ordering::greater;
  return *left_number > *right_number ? std::strong_ordering::greater : std::strong_ordering::less;
}

std::strong_ordering compare_pre_release(std::string_view left, std::string_view right) {
  std::vector<std::string_view> lefts = split(left, '.');
  std::vector<std::string_view> rights = split(right, '.');
  for (std::size_t i = 0; i < std::max(lefts.size(), rights.size()); ++i) {
    std::strong_ordering order = compare_part(i < lefts.size() ? lefts[i] : std::string_view(),
                                              i < rights.size() ? rights[i] : std::string_view());
    if (order != 0) return order;
  }
  return std::strong_ordering::equal;
}

bool wildcard(std::string_view part) { return part == "x" || part == "X" || part == "*"; }

std::unexpected<Error> not_a_version(std::string_view cause) {
  return std::unexpected<Error>(Error(Code::wrong_type, std::string(cause)));
}

}  // namespace

Result<Version> Version::parse(std::string_view text) {
  if (text.size() > text_bytes_max) {
    return not_a_version("version string is too long (max 256 bytes)");
  }
  Version version;
  version.original = text;
  std::string_view rest = text;
  if (rest.starts_with('v')) rest.remove_prefix(1);
  std::uint64_t* parts[] = {&version.major, &version.minor, &version.patch};
  for (std::size_t i = 0; i < 3; ++i) {
    std::string_view ahead = rest;
    if (i > 0) {
      if (!ahead.starts_with('.')) break;
      ahead.remove_prefix(1);
    }
    std::string_view digits = take(ahead, digit);
    std::optional<std::uint64_t> value = number(digits);
    if (digits.empty() && i > 0) break;
    if (!value) return not_a_version("invalid semantic version");
    *parts[i] = *value;
    rest = ahead;
  }
  version.pre_release = take_identifiers(rest, '-');
  version.metadata = take_identifiers(rest, '+');
  if (!rest.empty()) return not_a_version("invalid semantic version");
  if (!version.pre_release.empty() && !pre_release_fits(version.pre_release)) {
    return not_a_version("invalid prerelease string");
  }
  return version;
}

Result<Version> Version::parse_strict(std::string_view text) {
  if (text.empty()) return not_a_version("version string empty");
  std::string_view rest = text;
  for (int i = 0; i < 3; ++i) {
    if (i > 0) {
      if (!rest.starts_with('.')) return not_a_version("invalid semantic version");
      rest.remove_prefix(1);
    }
    std::string_view digits = take(rest, digit);
    if (digits.empty()) return not_a_version("invalid characters in version");
    if (digits.size() > 1 && digits[0] == '0') {
      return not_a_version("version segment starts with 0");
    }
  }
  if (!rest.empty() && rest[0] != '-' && rest[0] != '+') {
    return not_a_version("invalid characters in version");
  }
  return parse(text);
}

std::string Version::print() const {
  std::string text = fmt::format("{}.{}.{}", major, minor, patch);
  if (!pre_release.empty()) text += "-" + pre_release;
  if (!metadata.empty()) text += "+" + metadata;
  return text;
}

std::strong_ordering compare(const Version& left, const Version& right) {
  if (auto order = left.major <=> right.major; order != 0) return order;
  if (auto order = left.minor <=> right.minor; order != 0) return order;
  if (auto order = left.patch <=> right.patch; order != 0) return order;
  if (left.pre_release == right.pre_release) return std::strong_ordering::equal;
  if (left.pre_release.empty()) return std::strong_ordering::greater;
  if (right.pre_release.empty()) return std::strong_ordering::less;
  return compare_pre_release(left.pre_release, right.pre_release);
}

// Reads "op version" pairs; each step leaves what follows in `rest`.
class Constraints::Reader {
 public:
  using Operator = Constraint::Operator;

  struct Pattern {
    std::string_view major, minor, patch, pre_release, whole;
  };

  static std::optional<Pattern> take_pattern(std::string_view& text) {
    std::string_view rest = text;
    if (rest.starts_with('v')) rest.remove_prefix(1);
    Pattern pattern;
    auto part = [](char c) { return digit(c) || c == 'x' || c == 'X' || c == '*'; };
    pattern.major = take(rest, part);
    if (pattern.major.empty()) return {};
    for (std::string_view* next : {&pattern.minor, &pattern.patch}) {
      if (rest.size() < 2 || rest[0] != '.' || !part(rest[1])) break;
      rest.remove_prefix(1);
      *next = take(rest, part);
    }
    pattern.pre_release = take_identifiers(rest, '-');
    take_identifiers(rest, '+');
    pattern.whole = text.substr(0, text.size() - rest.size());
    text = rest;
    return pattern;
  }

  static Operator take_operator(std::string_view& text) {
    struct Row {
      std::string_view sign;
      Operator op;
    };
    static constexpr Row rows[] = {
        {"!=", Operator::not_equal},     {">=", Operator::greater_equal},
        {"=>", Operator::greater_equal}, {"<=", Operator::less_equal},
        {"=<", Operator::less_equal},    {"~>", Operator::tilde},
        {"=", Operator::equal},          {">", Operator::greater},
        {"<", Operator::less},           {"~", Operator::tilde},
        {"^", Operator::caret},
    };
    for (const Row& row : rows) {
      if (!text.starts_with(row.sign)) continue;
      text.remove_prefix(row.sign.size());
      return row.op;
    }
    return Operator::equal;
  }

  static Result<Constraint> read_one(std::string_view& rest) {
    take(rest, space);
    Operator op = take_operator(rest);
    take(rest, space);
    std::optional<Pattern> pattern = take_pattern(rest);
    if (!pattern) return not_a_version("improper constraint");
    Constraint constraint{op, {}, false, false, false};
    std::string text(pattern->major);
    if (wildcard(pattern->major)) {
      text = "0.0.0";
      constraint.dirty = true;
    } else if (pattern->minor.empty() || wildcard(pattern->minor)) {
      text += ".0.0";
      constraint.dirty = constraint.minor_dirty = true;
    } else if (pattern->patch.empty() || wildcard(pattern->patch)) {
      text += fmt::format(".{}.0", pattern->minor);
      constraint.dirty = constraint.patch_dirty = true;
    } else {
      text += fmt::format(".{}.{}", pattern->minor, pattern->patch);
    }
    if (!pattern->pre_release.empty()) text += fmt::format("-{}", pattern->pre_release);
    Result<Version> version = Version::parse(text);
    if (!version) return not_a_version("constraint parser error");
    constraint.version = *std::move(version);
    return constraint;
  }

  // "1.2 - 1.4" becomes ">= 1.2, <= 1.4 " wherever it stands.
  static std::string rewrite_ranges(std::string_view text) {
    std::string result;
    while (!text.empty()) {
      std::string_view ahead = text;
      take(ahead, space);
      std::optional<Pattern> low = take_pattern(ahead);
      std::string_view gap = low ? take(ahead, space) : std::string_view();
      if (low && !gap.empty() && ahead.starts_with('-')) {
        ahead.remove_prefix(1);
        gap = take(ahead, space);
        std::optional<Pattern> high = gap.empty() ? std::nullopt : take_pattern(ahead);
        if (high) {
          take(ahead, space);
          result += fmt::format(">= {}, <= {} ", low->whole, high->whole);
          text = ahead;
          continue;
        }
      }
      result += text[0];
      text.remove_prefix(1);
    }
    return result;
  }

  static Result<Alternative> read_all(std::string_view text) {
    Alternative alternative;
    std::string_view rest = text;
    while (true) {
      Result<Constraint> constraint = read_one(rest);
      if (!constraint) {
        return failure(Code::wrong_type, "improper constraint: \"{}\"", text);
      }
      alternative.pre_releases |= !constraint->version.pre_release.empty();
      alternative.all.push_back(*std::move(constraint));
      bool separated = !take(rest, space).empty();
      if (rest.empty()) return alternative;
      if (rest.starts_with(',')) {
        rest.remove_prefix(1);
        separated = true;
      }
      if (!separated) return failure(Code::wrong_type, "improper constraint: \"{}\"", text);
    }
  }
};

Result<Constraints> Constraints::parse(std::string_view text) {
  // Ranges are rewritten before anything is judged; the bound keeps that linear in practice.
  if (text.size() > 16 * text_bytes_max) {
    return failure(Code::limit, "constraint is {} bytes, the limit is {}", text.size(),
                   16 * text_bytes_max);
  }
  std::string rewritten = Reader::rewrite_ranges(text);
  Constraints constraints;
  std::string_view rest = rewritten;
  while (true) {
    std::size_t end = rest.find("||");
    Alternative alternative = TRY(Reader::read_all(rest.substr(0, end)));
    constraints.alternatives_.push_back(std::move(alternative));
    if (end == std::string_view::npos) return constraints;
    rest.remove_prefix(end + 2);
  }
}

bool Constraints::allow(const Version& version) const {
  for (const Alternative& alternative : alternatives_) {
    // A pre-release satisfies only a group that names one itself.
    if (!version.pre_release.empty() && !alternative.pre_releases) continue;
    bool all = true;
    for (const Constraint& constraint : alternative.all) all = all && holds(constraint, version);
    if (all) return true;
  }
  return false;
}

namespace {

bool tilde_holds(const Version& wanted, const Version& version, bool any_minor, bool any_patch) {
  if (compare(version, wanted) < 0) return false;
  bool zero = wanted.major == 0 && wanted.minor == 0 && wanted.patch == 0;
  if (zero && !any_minor && !any_patch) return true;
  return version.major == wanted.major && (any_minor || version.minor == wanted.minor);
}

bool caret_holds(const Version& wanted, const Version& version, bool any_minor, bool any_patch) {
  if (compare(version, wanted) < 0) return false;
  if (wanted.major > 0 || any_minor) return version.major == wanted.major;
  if (version.major > 0) return false;
  if (wanted.minor > 0 || any_patch) return version.minor == wanted.minor;
  return version.minor == 0 && version.patch == wanted.patch;
}

}  // namespace

bool Constraints::holds(const Constraint& constraint, const Version& version) {
  const Version& wanted = constraint.version;
  switch (constraint.op) {
    case Constraint::Operator::equal:
      if (!constraint.dirty) return compare(version, wanted) == 0;
      [[fallthrough]];
    case Constraint::Operator::tilde:
      return tilde_holds(wanted, version, constraint.minor_dirty, constraint.patch_dirty);
    case Constraint::Operator::caret:
      return caret_holds(wanted, version, constraint.minor_dirty, constraint.patch_dirty);
    case Constraint::Operator::not_equal:
      if (!constraint.dirty) return compare(version, wanted) != 0;
      if (version.major != wanted.major) return true;
      if (constraint.minor_dirty) return false;
      if (version.minor != wanted.minor) return true;
      if (constraint.patch_dirty) {
        return (!version.pre_release.empty() || !wanted.pre_release.empty()) &&
               compare_pre_release(version.pre_release, wanted.pre_release) != 0;
      }
      return compare(version, wanted) != 0;
    case Constraint::Operator::greater:
      if (!constraint.dirty) return compare(version, wanted) > 0;
      if (version.major != wanted.major) return version.major > wanted.major;
      if (constraint.minor_dirty) return false;
      if (constraint.patch_dirty) return version.minor > wanted.minor;
      return compare(version, wanted) > 0;
    case Constraint::Operator::less:
      return compare(version, wanted) < 0;
    case Constraint::Operator::greater_equal:
      return compare(version, wanted) >= 0;
    case Constraint::Operator::less_equal:
      if (!constraint.dirty) return compare(version, wanted) <= 0;
      return version.major < wanted.major ||
             (version.major == wanted.major &&
              (constraint.minor_dirty || version.minor <= wanted.minor));
  }
  std::unreachable();
}

}  // namespace holdfast::gotmpl
