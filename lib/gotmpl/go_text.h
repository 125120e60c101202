// SPDX-License-Identifier: Apache-2.0
// Go's own text forms of strings and numbers: strconv.Quote, Unquote, ParseInt with prefixes,
// ParseFloat, FormatFloat. Mirrors Go 1.26 strconv.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::gotmpl {

enum class Quoting { plain, ascii };  // ascii: as QuoteToASCII

std::string quote(std::string_view text, Quoting quoting = Quoting::plain);
// What the quoted Go literal ("…", `…` or 'c') stands for; nothing when it is malformed.
std::optional<std::string> unquote(std::string_view literal);
// The rune of a character literal with its quotes.
std::optional<char32_t> unquote_rune(std::string_view literal);

enum class Parsed { ok, syntax, range };

// Base 0 reads 0x, 0o, 0b and 0 prefixes and underscores, as Go literals have them. On Parsed::range
// the value is the nearest one that fits.
struct ParsedInteger {
  Parsed status;
  std::int64_t value;
};
struct ParsedUnsigned {
  Parsed status;
  std::uint64_t value;
};
ParsedInteger parse_integer(std::string_view text, int base);
ParsedUnsigned parse_unsigned(std::string_view text, int base);
std::optional<double> parse_float(std::string_view text);

// strconv.FormatFloat(value, format, precision, 64); precision −1 is the shortest that reads back.
std::string format_float(double value, char format = 'g', int precision = -1);

}  // namespace holdfast::gotmpl
