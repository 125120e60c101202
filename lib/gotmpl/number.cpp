// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/number.h"

#include <cmath>

#include "gotmpl/complex.h"
#include "gotmpl/go_text.h"

namespace holdfast::gotmpl {
namespace {

const Type complex_type{"complex128", "complex128"};

bool integral_int(double value) {
  return value >= -9223372036854775808.0 && value < 9223372036854775808.0 &&
         std::trunc(value) == value;
}

bool integral_unsigned(double value) {
  return value >= 0 && value < 18446744073709551616.0 && std::trunc(value) == value;
}

void take_float(NumberNode& node, double value) {
  node.is_float = true;
  node.real = value;
  if (!node.is_int && integral_int(value)) {
    node.is_int = true;
    node.integer = static_cast<std::int64_t>(value);
  }
  if (!node.is_unsigned && integral_unsigned(value)) {
    node.is_unsigned = true;
    node.natural = static_cast<std::uint64_t>(value);
  }
}

void take_complex(NumberNode& node, double real, double imaginary) {
  node.is_complex = true;
  node.real = real;
  node.imaginary = imaginary;
  if (imaginary == 0) take_float(node, real);
}

std::string read_rune(NumberNode& node) {
  std::optional<char32_t> rune = unquote_rune(node.text);
  if (!rune) return fmt::format("malformed character constant: {}", node.text);
  node.is_int = node.is_unsigned = node.is_float = true;
  node.integer = static_cast<std::int64_t>(*rune);
  node.natural = *rune;
  node.real = static_cast<double>(*rune);
  return {};
}

// "1+2i": the sign that splits is not the one of an exponent.
std::string read_complex(NumberNode& node) {
  std::string_view text = node.text;
  std::size_t at = text.size() - 1;
  while (at > 0 && !((text[at] == '+' || text[at] == '-') && (text[at - 1] | 0x20) != 'e')) --at;
  std::optional<double> real = parse_float(text.substr(0, at));
  std::optional<double> imaginary = parse_float(text.substr(at, text.size() - at - 1));
  if (!real || !imaginary) return "syntax error scanning complex number";
  take_complex(node, *real, *imaginary);
  return {};
}

std::string read_plain(NumberNode& node) {
  std::string_view text = node.text;
  if (text.ends_with('i')) {
    if (std::optional<double> imaginary = parse_float(text.substr(0, text.size() - 1))) {
      take_complex(node, 0, *imaginary);
      return {};
    }
  }
  ParsedUnsigned natural = parse_unsigned(text, 0);
  node.is_unsigned = natural.status == Parsed::ok;
  node.natural = natural.value;
  ParsedInteger integer = parse_integer(text, 0);
  node.is_int = integer.status == Parsed::ok;
  node.integer = integer.value;
  if (node.is_int) {
    node.is_float = true;
    node.real = static_cast<double>(node.integer);
    if (node.integer == 0) node.is_unsigned = true;
  } else if (node.is_unsigned) {
    node.is_float = true;
    node.real = static_cast<double>(node.natural);
  } else if (std::optional<double> real = parse_float(text)) {
    // Looks like an integer and fits none: refused rather than rounded.
    if (text.find_first_of(".eEpP") == std::string_view::npos) {
      return fmt::format("integer overflow: {}", quote(text));
    }
    take_float(node, *real);
  }
  if (!node.is_int && !node.is_unsigned && !node.is_float) {
    return fmt::format("illegal number syntax: {}", quote(text));
  }
  return {};
}

void set_ideal(NumberNode& node) {
  std::string_view text = node.text;
  bool hex = text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' &&
             text.find_first_of("pP") == std::string_view::npos;
  bool rune = !text.empty() && text[0] == '\'';
  if (node.is_complex) {
    node.ideal = Datum::of_object(std::make_unique<Complex>(node.real, node.imaginary));
  } else if (node.is_float && !hex && !rune &&
             text.find_first_of(".eEpP") != std::string_view::npos) {
    node.ideal = Datum(node.real);
  } else if (node.is_int) {
    node.ideal = Datum::integer(node.integer);
  } else {
    node.overflows = true;
  }
}

}  // namespace

const Type& Complex::type() const { return complex_type; }

std::string Complex::print() const {
  std::string imaginary = format_float(imaginary_);
  std::string_view sign = imaginary[0] != '-' && imaginary[0] != '+' ? "+" : "";
  return fmt::format("({}{}{}i)", format_float(real_), sign, imaginary);
}

std::string read_number(NumberNode& node, const Item& token) {
  node.text = token.value;
  std::string refused = token.type == Item::Type::character_constant ? read_rune(node)
                        : token.type == Item::Type::complex          ? read_complex(node)
                                                                     : read_plain(node);
  if (refused.empty()) set_ideal(node);
  return refused;
}

}  // namespace holdfast::gotmpl
