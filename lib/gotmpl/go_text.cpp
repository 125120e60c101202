// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/go_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <limits>

#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

void append_escaped(std::string& result, char32_t rune, Quoting quoting) {
  switch (rune) {
    case '\a': result += "\\a"; return;
    case '\b': result += "\\b"; return;
    case '\f': result += "\\f"; return;
    case '\n': result += "\\n"; return;
    case '\r': result += "\\r"; return;
    case '\t': result += "\\t"; return;
    case '\v': result += "\\v"; return;
    default: break;
  }
  if (is_print(rune) && (quoting == Quoting::plain || rune < 0x80)) {
    append_rune(result, rune);
  } else if (rune < ' ' || rune == 0x7F) {
    result += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(rune));
  } else if (rune < 0x10000) {
    result += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(rune));
  } else {
    result += fmt::format("\\U{:08x}", static_cast<std::uint32_t>(rune));
  }
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

struct Escape {
  char32_t value;
  bool byte;  // \x and octal escapes are bytes, not runes
};

// Takes one character or escape off the front.
std::optional<Escape> take_character(std::string_view& text, char delimiter) {
  if (text.empty() || text[0] == delimiter || text[0] == '\n') return {};
  if (text[0] != '\\') {
    Rune rune = decode_rune(text);
    Escape plain{rune.bad() ? static_cast<unsigned char>(text[0]) : rune.value, rune.bad()};
    text.remove_prefix(rune.size);
    return plain;
  }
  if (text.size() < 2) return {};
  char kind = text[1];
  text.remove_prefix(2);
  static constexpr std::string_view names = "abfnrtv\\";
  static constexpr std::string_view values = "\a\b\f\n\r\t\v\\";
  if (std::size_t at = names.find(kind); at != std::string_view::npos) {
    return Escape{static_cast<unsigned char>(values[at]), false};
  }
  if (kind == '\'' || kind == '"') {
    if (kind != delimiter) return {};
    return Escape{static_cast<unsigned char>(kind), false};
  }
  std::size_t digits = kind == 'x' ? 2 : kind == 'u' ? 4 : kind == 'U' ? 8 : 3;
  bool octal = kind >= '0' && kind <= '7';
  if (digits == 3 && !octal) return {};
  std::uint32_t value = octal ? static_cast<std::uint32_t>(kind - '0') : 0;
  std::size_t wanted = octal ? 2 : digits;
  if (text.size() < wanted) return {};
  for (std::size_t i = 0; i < wanted; ++i) {
    int digit = digit_of(text[i]);
    if (digit >= (octal ? 8 : 16)) return {};
    value = value * (octal ? 8 : 16) + static_cast<std::uint32_t>(digit);
  }
  text.remove_prefix(wanted);
  if (octal && value > 255) return {};
  bool rune = kind == 'u' || kind == 'U';
  if (rune && (value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF))) return {};
  return Escape{value, !rune};
}

// Underscores may stand only between digits or after a base prefix.
bool underscores_fit(std::string_view text) {
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  char before = '^';
  bool hex = false;
  std::size_t at = 0;
  if (text.size() >= 2 && text[0] == '0') {
    char kind = static_cast<char>(text[1] | 0x20);
    if (kind == 'b' || kind == 'o' || kind == 'x') {
      at = 2;
      before = '0';
      hex = kind == 'x';
    }
  }
  for (; at < text.size(); ++at) {
    int digit = digit_of(text[at]);
    if (digit < 10 || (hex && digit < 16)) {
      before = '0';
    } else if (text[at] == '_') {
      if (before != '0') return false;
      before = '_';
    } else {
      if (before == '_') return false;
      before = '!';
    }
  }
  return before != '_';
}

bool take_sign(std::string_view& text) {
  if (text.empty() || (text[0] != '-' && text[0] != '+')) return false;
  bool negative = text[0] == '-';
  text.remove_prefix(1);
  return negative;
}

bool equals_ignoring_case(std::string_view text, std::string_view word) {
  if (text.size() != word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((text[i] | 0x20) != word[i]) return false;
  }
  return true;
}

// 0x1.8p+00: at least two digits of exponent.
std::string hex_float(double value, int precision) {
  char buffer[1200];
  char* last = buffer + sizeof buffer;
  double size = std::fabs(value);
  std::to_chars_result end =
      precision < 0 ? std::to_chars(buffer, last, size, std::chars_format::hex)
                    : std::to_chars(buffer, last, size, std::chars_format::hex, precision);
  std::string text(buffer, end.ptr);
  std::size_t mark = text.find('p');
  if (text.size() - mark == 3) text.insert(mark + 2, 1, '0');
  return (std::signbit(value) ? "-0x" : "0x") + text;
}

// 6755399441055744p-52: the mantissa as a whole number and the power of two (strconv fmtB).
std::string binary_float(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  constexpr int mantissa_bits = 52, bias = 1023;
  std::uint64_t mantissa = bits & ((std::uint64_t{1} << mantissa_bits) - 1);
  int exponent = static_cast<int>(bits >> mantissa_bits & 0x7FF);
  if (exponent == 0) {
    exponent = 1;  // no leading bit
  } else {
    mantissa |= std::uint64_t{1} << mantissa_bits;
  }
  return fmt::format("{}{}p{:+}", std::signbit(value) ? "-" : "", mantissa,
                     exponent - bias - mantissa_bits);
}

}  // namespace

std::string quote(std::string_view text, Quoting quoting) {
  std::string result;
  result.reserve(text.size() + 2);
  result += '"';
  while (!text.empty()) {
    // Most texts have nothing that is written otherwise.
    const auto special = std::ranges::find_if_not(text, [](char c) {
      return c >= ' ' && c <= '~' && c != '"' && c != '\\';
    });
    const auto plain = static_cast<std::size_t>(special - text.begin());
    result += text.substr(0, plain);
    text.remove_prefix(plain);
    if (text.empty()) break;
    auto byte = static_cast<unsigned char>(text[0]);
    if (byte == '"' || byte == '\\') {
      result += '\\';
      result += text[0];
      text.remove_prefix(1);
      continue;
    }
    Rune rune = decode_rune(text);
    if (rune.bad()) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      append_escaped(result, rune.value, quoting);
    }
    text.remove_prefix(rune.size);
  }
  result += '"';
  return result;
}

std::optional<std::string> unquote(std::string_view literal) {
  if (literal.size() < 2 || literal.front() != literal.back()) return {};
  char delimiter = literal.front();
  std::string_view body = literal.substr(1, literal.size() - 2);
  std::string result;
  result.reserve(body.size());
  if (delimiter == '`') {
    for (char c : body) {
      if (c == '`') return {};
      if (c != '\r') result += c;
    }
    return result;
  }
  if (delimiter != '"') return {};
  while (!body.empty()) {
    std::optional<Escape> character = take_character(body, delimiter);
    if (!character) return {};
    if (character->byte) {
      result += static_cast<char>(character->value);
    } else {
      append_rune(result, character->value);
    }
  }
  return result;
}

std::optional<char32_t> unquote_rune(std::string_view literal) {
  if (literal.size() < 3 || literal.front() != '\'' || literal.back() != '\'') return {};
  std::string_view body = literal.substr(1, literal.size() - 2);
  std::optional<Escape> character = take_character(body, '\'');
  if (!character || !body.empty()) return {};
  return character->value;
}

ParsedUnsigned parse_unsigned(std::string_view text, int base) {
  std::string_view digits = text;
  bool prefixed = base == 0;
  if (base == 0) {
    base = 10;
    if (digits.size() > 1 && digits[0] == '0') {
      char kind = static_cast<char>(digits[1] | 0x20);
      bool letter = digits.size() > 2 && (kind == 'x' || kind == 'b' || kind == 'o');
      base = !letter ? 8 : kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
      digits.remove_prefix(letter ? 2 : 1);
    }
  }
  if (digits.empty()) return {Parsed::syntax, 0};
  std::uint64_t value = 0;
  bool range = false;
  bool underscores = false;
  for (char c : digits) {
    if (c == '_' && prefixed) {
      underscores = true;
      continue;
    }
    int digit = digit_of(c);
    if (digit >= base) return {Parsed::syntax, 0};
    std::uint64_t grown = 0;
    range |= __builtin_mul_overflow(value, static_cast<std::uint64_t>(base), &grown) ||
             __builtin_add_overflow(grown, static_cast<std::uint64_t>(digit), &value);
  }
  if (underscores && !underscores_fit(text)) return {Parsed::syntax, 0};
  if (range) return {Parsed::range, std::numeric_limits<std::uint64_t>::max()};
  return {Parsed::ok, value};
}

ParsedInteger parse_integer(std::string_view text, int base) {
  bool negative = take_sign(text);
  ParsedUnsigned number = parse_unsigned(text, base);
  if (number.status == Parsed::syntax) return {Parsed::syntax, 0};
  constexpr std::uint64_t limit = std::uint64_t{1} << 63;
  if (!negative && number.value >= limit) {
    return {Parsed::range, std::numeric_limits<std::int64_t>::max()};
  }
  if (negative && number.value > limit) {
    return {Parsed::range, std::numeric_limits<std::int64_t>::min()};
  }
  std::uint64_t bits = negative ? 0 - number.value : number.value;
  return {number.status, static_cast<std::int64_t>(bits)};
}

std::optional<double> parse_float(std::string_view text) {
  if (text.find('_') != std::string_view::npos && !underscores_fit(text)) return {};
  bool negative = take_sign(text);
  double sign = negative ? -1 : 1;
  if (equals_ignoring_case(text, "inf") || equals_ignoring_case(text, "infinity")) {
    return sign * std::numeric_limits<double>::infinity();
  }
  if (equals_ignoring_case(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += c;
  }
  std::string_view rest = digits;
  bool hex = rest.size() > 2 && rest[0] == '0' && (rest[1] | 0x20) == 'x';
  if (hex) {
    rest.remove_prefix(2);
    // Go wants an exponent here, from_chars does not.
    if (rest.find_first_of("pP") == std::string_view::npos) return {};
  }
  if (rest.empty() || (digit_of(rest[0]) > 15 && rest[0] != '.')) return {};
  double value = 0;
  auto [end, status] =
      std::from_chars(rest.data(), rest.data() + rest.size(), value,
                      hex ? std::chars_format::hex : std::chars_format::general);
  if (end != rest.data() + rest.size()) return {};
  // Out of range is an error in Go as well; too small is zero, which is not.
  if (status == std::errc::result_out_of_range) {
    std::size_t exponent = rest.find_first_of(hex ? "pP" : "eE");
    bool tiny = exponent != std::string_view::npos && rest.substr(exponent + 1).starts_with('-');
    if (!tiny) return {};
    return sign * 0.0;
  }
  if (status != std::errc()) return {};
  return sign * value;
}

std::string format_float(double value, char format, int precision) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[1200];
  auto shown = [&](std::to_chars_result result) { return std::string(buffer, result.ptr); };
  char* last = buffer + sizeof buffer;
  if (precision > 700) precision = 700;  // beyond any digit a double has, and fits the buffer
  bool upper = format == 'E' || format == 'G';
  std::string text;
  if (precision < 0 && (format == 'g' || format == 'G')) {
    text = shown(std::to_chars(buffer, last, value, std::chars_format::scientific));
    int exponent = 0;
    std::size_t mark = text.find('e');
    std::from_chars(text.data() + mark + (text[mark + 1] == '+' ? 2 : 1),
                    text.data() + text.size(), exponent);
    // %e is used beyond these exponents (strconv/ftoa.go, 'g' with the shortest precision).
    if (exponent >= -4 && exponent < 6) {
      text = shown(std::to_chars(buffer, last, value, std::chars_format::fixed));
    }
  } else if (format == 'x' || format == 'X') {
    text = hex_float(value, precision);
    if (format == 'X') text = upper_text(text);
  } else if (format == 'b') {
    text = binary_float(value);
  } else if (precision < 0) {
    bool fixed = format == 'f' || format == 'F';
    text = shown(std::to_chars(buffer, last, value,
                               fixed ? std::chars_format::fixed : std::chars_format::scientific));
  } else if (format == 'f' || format == 'F') {
    text = shown(std::to_chars(buffer, last, value, std::chars_format::fixed, precision));
  } else if (format == 'e' || format == 'E') {
    text = shown(std::to_chars(buffer, last, value, std::chars_format::scientific, precision));
  } else {
    text = shown(std::to_chars(buffer, last, value, std::chars_format::general, precision));
  }
  if (upper) {
    for (char& c : text) {
      if (c == 'e') c = 'E';
    }
  }
  return text;
}

}  // namespace holdfast::gotmpl
