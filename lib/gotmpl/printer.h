// SPDX-License-Identifier: Apache-2.0
// One verb of printf: its flags and how each kind of value takes it. Mirrors Go 1.26 fmt/format.go
// and the printArg half of fmt/print.go.
#pragma once

#include <string>
#include <string_view>

#include "gotmpl/datum.h"

namespace holdfast::gotmpl {

struct VerbFlags {
  bool sharp = false;
  bool zero = false;
  bool plus = false;
  bool minus = false;
  bool space = false;
  bool go_syntax = false;    // %#v
  bool field_names = false;  // %+v
  bool has_width = false;
  bool has_precision = false;
  int width = 0;
  int precision = 0;
};

class Printer {
 public:
  explicit Printer(std::string& out) : out_(out) {}
  Printer(std::string& out, const VerbFlags& flags) : out_(out), flags_(flags) {}

  void print(const Datum& value, char32_t verb, int depth = 0);

 private:
  enum class Sign { with, without };
  enum class Letters { lower, upper };

  void print_boxed(const Datum& value, char32_t verb, int depth);
  void print_object(const Datum& value, char32_t verb, int depth);
  void print_address(const Datum& value, char32_t verb);
  void print_list(const Datum& value, char32_t verb, int depth);
  void print_members(const Datum& value, char32_t verb, int depth);
  void print_text(const Datum& value, char32_t verb);
  void print_bytes(const Datum& value, char32_t verb, int depth);
  void print_integer(const Datum& value, char32_t verb);
  void print_float(const Datum& value, char32_t verb);
  void print_complex(const Datum& value, char32_t verb);
  void bad_verb(const Datum& value, char32_t verb);

  struct Base {
    unsigned radix;
    Letters letters = Letters::lower;
  };
  void integer(std::uint64_t bits, Sign sign, Base base, char32_t verb);
  void unicode(std::uint64_t rune);
  void quoted_rune(std::uint64_t rune);
  void real(double value, char format, int precision);
  std::string sharp_float(std::string digits, char format, int precision) const;
  void quoted(std::string_view text);
  void hex(std::string_view bytes, Letters letters);
  void pad(std::string_view text);
  void padding(std::int64_t count);
  [[nodiscard]] std::string_view cut(std::string_view text) const;

  std::string& out_;
  VerbFlags flags_;
  bool complaining_ = false;
  bool stopped_ = false;  // a dict in itself, twice, would go on for ever
};

}  // namespace holdfast::gotmpl
