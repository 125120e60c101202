// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/toml_scalar.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gotmpl/go_text.h"
#include "gotmpl/go_time.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

// A backslash and all white space behind it, where that has a line end.
std::string without_escaped_line_ends(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto end = text[i] == '\\' ? std::min(text.find_first_not_of(" \t\r\n", i + 1), text.size()) : i;
    if (text[i] == '\\' && text.substr(i, end - i).contains('\n')) {
      i = end;
      continue;
    }
    const std::size_t size = text[i] == '\\' ? 2 : 1;
    out += text.substr(i, size);
    i += size;
  }
  return out;
}

bool underscores_fit(std::string_view text) {
  bool digit_before = false;
  for (const char c : text) {
    if (c == '_' && !digit_before) return false;
    digit_before = is_hex(static_cast<unsigned char>(c));
  }
  return digit_before;
}

bool has_leading_zero(std::string_view text) {
  if (text.size() > 1 && text[0] == '0') return text[1] != 'b' && text[1] != 'o' && text[1] != 'x';
  return text.size() > 2 && (text[0] == '-' || text[0] == '+') && text[1] == '0';
}

}  // namespace

bool TomlScalar::string(Datum& out, char32_t mark) {
  bool three = false;
  if (text_.accept(mark)) {
    three = text_.accept(mark);
    if (!three) text_.back();
  }
  std::string text;
  const bool read = three ? long_string(text, mark) : name(text, mark);
  out = Datum(std::move(text));
  return read;
}

bool TomlScalar::name(std::string& out, char32_t mark) { return mark == '"' ? basic_string(out) : raw_string(out); }

bool TomlScalar::basic_string(std::string& out) {
  const auto begin = text_.at();
  bool escapes = false;
  while (true) {
    const char32_t c = text_.next();
    if (c == end_of_text) return text_.fail("unexpected EOF; expected '\"'");
    if (c == wrong_rune) return false;
    if (is_line_end(c)) return text_.fail_in_line_before("strings cannot contain newlines");
    if (c == '"') break;
    if (c != '\\') continue;
    escapes = true;
    if (!escape(begin)) return false;
  }
  const auto held = text_.from(begin);
  if (escapes) return unescape(held.substr(0, held.size() - 1), out);
  out = held.substr(0, held.size() - 1);
  return true;
}

bool TomlScalar::raw_string(std::string& out) {
  const auto begin = text_.at();
  while (true) {
    const char32_t c = text_.next();
    if (c == end_of_text) return text_.fail("unexpected EOF; expected \"'\"");
    if (c == wrong_rune) return false;
    if (is_line_end(c)) return text_.fail_in_line_before("strings cannot contain newlines");
    if (c == '\'') break;
  }
  const auto held = text_.from(begin);
  out = held.substr(0, held.size() - 1);
  return true;
}

// Over the closing marks, of which the text may have two before them. True when they were there.
TomlScalar::Closing TomlScalar::closing(std::size_t begin, char32_t mark) {
  if (!text_.accept(mark)) return Closing::no;
  if (!text_.accept(mark)) {
    text_.back();
    return Closing::no;
  }
  if (text_.peek() != mark) return text_.complaint().empty() ? Closing::yes : Closing::refused;
  const std::string five(5, static_cast<char>(mark));
  const auto current = text_.from(begin);
  const bool escaped = mark == '"' && current.ends_with("\\" + five);
  if (current.ends_with(five) && !escaped) {
    text_.fail(mark == '"' ? "unexpected '\"\"\"\"\"\"'" : "unexpected \"''''''\"");
    return Closing::refused;
  }
  text_.back();
  text_.back();
  return Closing::no;
}

bool TomlScalar::long_string(std::string& out, char32_t mark) {
  const auto begin = text_.at();
  while (true) {
    const char32_t c = text_.next();
    if (c == end_of_text)
      return text_.fail(mark == '"' ? "unexpected EOF; expected '\"\"\"'" : "unexpected EOF; expected \"'''\"");
    if (c == wrong_rune) return false;
    if (c == '\\' && mark == '"') {
      if (is_line_end(text_.next())) continue;
      text_.back();
      if (!escape(begin)) return false;
    }
    if (c != mark) continue;
    const Closing closed = closing(begin, mark);
    if (closed == Closing::refused) return false;
    if (closed == Closing::yes) break;
  }
  auto held = text_.from(begin);
  held.remove_suffix(3);
  if (held.starts_with('\n')) {
    held.remove_prefix(1);
  } else if (held.starts_with("\r\n")) {
    held.remove_prefix(2);
  }
  if (mark == '"') return unescape(without_escaped_line_ends(held), out);
  out = held;
  return true;
}

// Behind the backslash.
bool TomlScalar::escape(std::size_t begin) {
  const char32_t c = text_.next();
  if (is_one_of(c, U"ebtnfr\" \t\\")) return true;
  if (c == 'x') return hex_digits(begin, 2, "two hexadecimal digits after '\\x'");
  if (c == 'u') return hex_digits(begin, 4, "four hexadecimal digits after '\\u'");
  if (c == 'U') return hex_digits(begin, 8, "eight hexadecimal digits after '\\U'");
  const std::string message = fmt::format("invalid escape in string '\\{}'", text_of_rune(c));
  return text_.ended() ? text_.fail_in_line_before(message) : text_.fail(message);
}

bool TomlScalar::hex_digits(std::size_t begin, int count, std::string_view what) {
  for (int i = 0; i < count; ++i) {
    if (!is_hex(text_.next())) {
      return text_.fail(fmt::format("expected {}, but got {} instead", what, quote(text_.from(begin))));
    }
  }
  return true;
}

bool TomlScalar::unescape(std::string_view text, std::string& out) {
  static constexpr std::string_view letters = "btnfre\"\\", stand_for = "\b\t\n\f\r\x1B\"\\";
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == ' ' || c == '\t') return text_.fail_token(fmt::format("invalid escape: '\\{}'", c));
    if (const auto at = letters.find(c); at != std::string_view::npos) {
      out += stand_for[at];
      continue;
    }
    const auto digits = text.substr(i + 1, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    const auto rune = parse_unsigned(digits, 16).value;
    if (rune > 0x10FFFF || (rune >= 0xD800 && rune < 0xE000))
      return text_.fail_token(fmt::format("Escaped character '\\u{}' is not valid UTF-8.", digits));
    append_rune(out, static_cast<char32_t>(rune));
    i += digits.size();
  }
  return true;
}

// Runes of the set, from where the token begins; the one behind them is given back.
void TomlScalar::run_of(bool (*belongs)(char32_t)) {
  while (belongs(text_.next())) {
  }
  text_.back();
}

bool TomlScalar::number(Datum& out) {
  const auto begin = text_.at();
  if (text_.next() == '0') {
    const char32_t c = text_.next();
    if (c == 'b' || c == 'o' || c == 'x') return based_number(out, begin, c);
    text_.back();
    if (!is_decimal(c)) return decimal(out, begin);
  }
  run_of(is_decimal);
  const char32_t after = text_.peek();
  if (after != '-' && after != ':') return decimal(out, begin);
  run_of([](char32_t c) { return is_decimal(c) || is_one_of(c, U"-:Tt .Zz+"); });
  return finish(out, begin, Token::date);
}

bool TomlScalar::based_number(Datum& out, std::size_t begin, char32_t base) {
  const auto belongs = base == 'b'   ? [](char32_t c) { return c == '0' || c == '1'; }
                       : base == 'o' ? [](char32_t c) { return c >= '0' && c <= '7'; }
                                     : is_hex;
  const char32_t first = text_.peek();
  if (first == wrong_rune || !belongs(first)) {
    const auto* name = base == 'b' ? "a binary" : base == 'o' ? "an octal" : "a hexadecimal";
    return text_.fail(fmt::format("not {} number: '{}{}'", name, text_.from(begin), text_of_rune(first)));
  }
  for (char32_t c = text_.next(); belongs(c) || c == '_';) c = text_.next();
  text_.back();
  return finish(out, begin, Token::integer);
}

// Digits and underscores, perhaps of a real.
bool TomlScalar::decimal(Datum& out, std::size_t begin) {
  run_of([](char32_t c) { return is_decimal(c) || c == '_'; });
  if (!is_one_of(text_.peek(), U".eE")) return finish(out, begin, Token::integer);
  run_of([](char32_t c) { return is_decimal(c) || is_one_of(c, U"_.-+eE"); });
  return finish(out, begin, Token::real);
}

bool TomlScalar::signed_number(Datum& out) {
  const auto begin = text_.at() - 1;
  const char32_t c = text_.next();
  if (c == 'i' || c == 'n') {
    const bool whole = c == 'i' ? text_.accept('n') && text_.accept('f') : text_.accept('a') && text_.accept('n');
    if (!whole) return text_.fail(fmt::format("invalid float: '{}'", text_.from(begin)));
    return finish(out, begin, Token::real);
  }
  if (c == '0') {
    const char32_t base = text_.peek();
    if (is_one_of(base, U"box")) {
      return text_.fail(
          fmt::format("cannot use sign with non-decimal numbers: '{}{}'", text_.from(begin), text_of_rune(base)));
    }
  }
  if (c == '.') return text_.fail("floats must start with a digit, not '.'");
  if (is_decimal(c)) return decimal(out, begin);
  return text_.fail(fmt::format("expected a digit but got {}", quoted_rune(c)));
}

bool TomlScalar::finish(Datum& out, std::size_t begin, Token token) {
  if (!text_.complaint().empty()) return false;
  const std::string text(text_.from(begin));
  return token == Token::integer ? integer(out, text) : token == Token::real ? real(out, text) : date(out, text);
}

bool TomlScalar::integer(Datum& out, const std::string& text) {
  if (!underscores_fit(text))
    return text_.fail_token(fmt::format("Invalid integer {}: underscores must be surrounded by digits", quote(text)));
  if (has_leading_zero(text))
    return text_.fail_token(fmt::format("Invalid integer {}: cannot have leading zeroes", quote(text)));
  const ParsedInteger number = parse_integer(text, 0);
  if (number.status != Parsed::ok) return text_.fail_token(fmt::format("{} is out of range for int64", text));
  out = Datum::int64(number.value);
  return true;
}

bool TomlScalar::check_real(const std::string& text) {
  const bool named = text.ends_with("nan") || text.ends_with("inf");
  bool first = true;
  bool zero = false;
  for (std::size_t begin = 0; begin < text.size() && !named;) {
    const auto end = std::min(text.find_first_of(".eE", begin), text.size());
    const auto part = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    if (part.empty()) continue;
    if (!underscores_fit(part))
      return text_.fail_token(fmt::format("Invalid float {}: underscores must be surrounded by digits", quote(text)));
    zero = zero || (std::exchange(first, false) && has_leading_zero(part));
  }
  if (zero)
    return text_.fail_token(fmt::format("Invalid float {}: cannot have leading zeroes", quote(text)));
  for (std::size_t at = text.find('.'); at != std::string::npos; at = text.find('.', at + 1)) {
    if (at + 1 == text.size() || !is_decimal(static_cast<unsigned char>(text[at + 1]))) {
      return text_.fail_token(
          fmt::format("Invalid float {}: '.' must be followed by one or more digits", quote(text)));
    }
  }
  return true;
}

bool TomlScalar::real(Datum& out, const std::string& text) {
  if (!check_real(text)) return false;
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), [](char c) { return c != '_'; });
  const auto number = parse_float(digits);
  if (!number) {
    const bool written = digits.find_first_not_of("+-0123456789.eE") == std::string::npos &&
                         is_decimal(static_cast<unsigned char>(digits.back())) && std::ranges::count(digits, '.') < 2 &&
                         std::ranges::count_if(digits, [](char c) { return c == 'e' || c == 'E'; }) == 1;
    return text_.fail_token(written ? fmt::format("{} is out of range for float64", text)
                                : fmt::format("Invalid float value: {}", quote(text)));
  }
  out = Datum(*number);
  return true;
}

bool TomlScalar::date(Datum& out, std::string text) {
  struct Form {
    std::string_view layout;
    const char* zone;  // null: the date's own
  };
  static constexpr Form forms[] = {{"2006-01-02T15:04:05.999999999Z07:00", nullptr},
                                   {"2006-01-02T15:04:05.999999999", "datetime-local"},
                                   {"2006-01-02", "date-local"},
                                   {"15:04:05.999999999", "time-local"},
                                   {"2006-01-02T15:04Z07:00", nullptr},
                                   {"2006-01-02T15:04", "datetime-local"},
                                   {"15:04", "time-local"}};
  text = trim_space(text);
  for (char& c : text) {
    if (c == ' ' || c == 't') c = 'T';
    if (c == 'z') c = 'Z';
  }
  for (const auto& [layout, zone] : forms) {
    auto instant = parse_instant(layout, text);
    if (!instant) continue;
    for (std::size_t i = 0; i < layout.size() && layout[i] != '.' && layout[i] != 'Z'; ++i) {
      if (!is_decimal(static_cast<unsigned char>(layout[i])) && text[i] != layout[i])
        return text_.fail_token(fmt::format("invalid datetime: {}", quote(text)));
    }
    if (zone != nullptr) instant->zone.name = zone;
    out = time_datum(*std::move(instant));
    return true;
  }
  return text_.fail_token(fmt::format("invalid datetime: {}", quote(text)));
}

bool TomlScalar::boolean(Datum& out) {
  const auto begin = text_.at();
  for (char32_t c = text_.next(); c != wrong_rune && is_letter(c);) c = text_.next();
  text_.back();
  const auto word = text_.from(begin);
  out = Datum(word == "true");
  return word == "true" || word == "false" ||
         text_.fail(fmt::format("expected value but found {} instead", quote(word)));
}

}  // namespace holdfast::gotmpl
