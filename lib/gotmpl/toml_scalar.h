// SPDX-License-Identifier: Apache-2.0
// The values of TOML that hold no others: strings, numbers, dates, true and false. Each is read to its
// end before it is judged. Mirrors BurntSushi/toml 1.6.0 lex.go, parse.go (value…).
#pragma once

#include <string>
#include <string_view>

#include "gotmpl/datum.h"
#include "gotmpl/toml_text.h"

namespace holdfast::gotmpl {

// All are false when the text is complaining.
class TomlScalar {
 public:
  explicit TomlScalar(TomlText& text) : text_(text) {}

  // Behind the opening quote or apostrophe.
  bool string(Datum& out, char32_t mark);
  bool name(std::string& out, char32_t mark);  // of one line
  bool number(Datum& out);                     // or a date
  bool signed_number(Datum& out);              // behind the sign
  bool real(Datum& out, const std::string& text);
  bool boolean(Datum& out);

 private:
  enum class Token { integer, real, date };
  enum class Closing { no, yes, refused };

  bool basic_string(std::string& out);
  bool raw_string(std::string& out);
  bool long_string(std::string& out, char32_t mark);
  Closing closing(std::size_t begin, char32_t mark);
  bool escape(std::size_t begin);
  bool hex_digits(std::size_t begin, int count, std::string_view name);
  bool unescape(std::string_view text, std::string& out);
  void run_of(bool (*belongs)(char32_t));
  bool based_number(Datum& out, std::size_t begin, char32_t base);
  bool decimal(Datum& out, std::size_t begin);
  bool finish(Datum& out, std::size_t begin, Token token);
  bool integer(Datum& out, const std::string& text);
  bool check_real(const std::string& text);
  bool date(Datum& out, std::string text);

  TomlText& text_;
};

}  // namespace holdfast::gotmpl
