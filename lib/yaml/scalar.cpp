// SPDX-License-Identifier: Apache-2.0
#include "yaml/scalar.h"

#include "yaml/timestamp.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

namespace holdfast::yaml {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::ranges::find(words, text) != words.end();
}

constexpr std::array<std::string_view, 3> true_words{"true", "True", "TRUE"};
constexpr std::array<std::string_view, 3> false_words{"false", "False", "FALSE"};
constexpr std::array<std::string_view, 4> null_words{"~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 8> old_true_words{"y",   "Y",  "yes", "Yes",
                                                         "YES", "on", "On",  "ON"};
constexpr std::array<std::string_view, 8> old_false_words{"n",  "N",   "no",  "No",
                                                          "NO", "off", "Off", "OFF"};
constexpr std::array<std::string_view, 12> not_numbers{".nan",  ".NaN",  ".NAN",  ".inf",
                                                       ".Inf",  ".INF",  "+.inf", "+.Inf",
                                                       "+.INF", "-.inf", "-.Inf", "-.INF"};

Scalar resolve_word(std::string_view text, Dialect dialect) {
  if (text.size() > 5) return {};
  if (is_one_of(text, true_words)) return {ScalarKind::boolean, true};
  if (is_one_of(text, false_words)) return {ScalarKind::boolean, false};
  if (is_one_of(text, null_words)) return {ScalarKind::null, {}};
  if (dialect == Dialect::kyaml) return {};
  if (is_one_of(text, old_true_words)) return {ScalarKind::boolean, true};
  if (is_one_of(text, old_false_words)) return {ScalarKind::boolean, false};
  return {};
}

// strconv.ParseInt and ParseUint with base 0 (sign, 0x, 0o, 0b, leading 0 as octal), no
// underscores.
std::optional<Value> parse_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  const bool sign = negative || text.starts_with('+');
  std::string_view digits = text.substr(sign ? 1 : 0);
  int base = 10;
  if (digits.size() > 1 && digits[0] == '0') {
    const char letter = static_cast<char>(digits[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    digits.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  std::uint64_t magnitude = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, magnitude, base);
  if (digits.empty() || read.ec != std::errc() || read.ptr != end) return std::nullopt;
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (negative) {
    if (magnitude > most + 1) return std::nullopt;
    return Value(static_cast<std::int64_t>(~magnitude + 1));
  }
  // ParseUint knows no sign.
  if (sign && magnitude > most) return std::nullopt;
  return Value(magnitude);
}

// ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$
bool has_float_shape(std::string_view text) {
  std::size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  const auto digits = [&] {
    const auto from = at;
    while (at < text.size() && is_digit(text[at]))
      ++at;
    return at - from;
  };
  const auto whole = digits();
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (digits() == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '-' || text[at] == '+')) ++at;
    if (digits() == 0) return false;
  }
  return at == text.size();
}

// A real that JSON prints without fraction or exponent comes back from Go's JSON round trip as an
// integer; up to 2^53 its digits are the number itself.
Value real_value(double value) {
  constexpr double exact = 9007199254740992.0;
  if (value == 0 && std::signbit(value)) return {value};
  if (std::fabs(value) <= exact && value == std::trunc(value))
    return {static_cast<std::int64_t>(value)};
  return {value};
}

Scalar parse_real(std::string_view text) {
  if (!has_float_shape(text)) return {};
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec == std::errc::result_out_of_range) {
    // Too small is 0 to Go, too large is no number at all.
    value = std::strtod(std::string(text).c_str(), nullptr);
    if (std::fabs(value) > 1) return {};
  }
  return {ScalarKind::real, real_value(value)};
}

Scalar resolve_number(std::string_view text) {
  if (auto time = parse_timestamp(text)) return {ScalarKind::timestamp, *std::move(time)};
  std::string joined;
  if (text.find('_') != std::string_view::npos) {
    std::ranges::copy_if(text, std::back_inserter(joined), [](char c) { return c != '_'; });
    text = joined;
  }
  if (text.empty()) return {};
  if (auto integer = parse_integer(text)) return {ScalarKind::integer, *std::move(integer)};
  return parse_real(text);
}

template <class Real>
std::string format_shortest(Real value) {
  // As a key a number may become too large: sigs.k8s.io/yaml spells it as YAML does.
  if (!std::isfinite(value)) return std::isnan(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific)
                       .ptr;
  const std::string_view scientific(buffer.data(), end);
  const auto e = scientific.find('e');
  int exponent = 0;
  const auto* from = scientific.data() + e + (scientific[e + 1] == '+' ? 2 : 1);
  std::from_chars(from, end, exponent);
  // strconv decides for the shortest digits as for a precision of 6.
  if (exponent < -4 || exponent >= 6) return std::string(scientific);
  const auto fixed =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed)
          .ptr;
  return {buffer.data(), fixed};
}

}  // namespace

namespace {

// ".nan", ".inf", "-.inf", "+.inf" in their cases.
Scalar not_a_number(std::string_view text) {
  using Real = std::numeric_limits<double>;
  if (text[1] == 'n' || text[1] == 'N') return {ScalarKind::not_a_number, Real::quiet_NaN()};
  return {ScalarKind::not_a_number, text.front() == '-' ? -Real::infinity() : Real::infinity()};
}

}  // namespace

Scalar resolve(std::string_view text, Dialect dialect) {
  if (text.empty()) return {ScalarKind::null, {}};
  switch (text.front()) {
    case 'y':
    case 'Y':
    case 'n':
    case 'N':
    case 't':
    case 'T':
    case 'f':
    case 'F':
    case 'o':
    case 'O':
    case '~': return resolve_word(text, dialect);
    case '.':
      if (is_one_of(text, not_numbers)) return not_a_number(text);
      return parse_real(text);
    case '+':
    case '-':
      if (is_one_of(text, not_numbers)) return not_a_number(text);
      return resolve_number(text);
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9': return resolve_number(text);
    default: return {};
  }
}

bool is_surely_text(std::string_view text) {
  // The words are 5 characters at most, and what starts so may be a number of any length.
  constexpr std::string_view words = "yYnNtTfFoO~", numbers = ".+-0123456789";
  constexpr auto may_start = [](std::string_view characters) {
    std::array<bool, 256> out{};
    for (const char c : characters)
      out[static_cast<unsigned char>(c)] = true;
    return out;
  };
  static constexpr auto starts_word = may_start(words), starts_number = may_start(numbers);
  if (text.empty()) return false;
  const auto first = static_cast<unsigned char>(text.front());
  return !starts_number[first] && (!starts_word[first] || text.size() > 5);
}

bool is_base60(std::string_view text) {
  // ^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$
  std::size_t at = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  if (at >= text.size() || !is_digit(text[at])) return false;
  while (at < text.size() && (is_digit(text[at]) || text[at] == '_'))
    ++at;
  if (at >= text.size() || text[at] != ':') return false;
  while (at < text.size() && text[at] == ':') {
    std::size_t digits = 0;
    while (at + 1 + digits < text.size() && digits < 3 && is_digit(text[at + 1 + digits]))
      ++digits;
    if (digits == 0 || digits > 2 || (digits == 2 && text[at + 1] > '5')) return false;
    at += 1 + digits;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    while (at < text.size() && (is_digit(text[at]) || text[at] == '_'))
      ++at;
  }
  return at == text.size();
}

std::string format_general(double value) {
  return format_shortest(value);
}

std::string format_general_single(float value) {
  return format_shortest(value);
}

}  // namespace holdfast::yaml
