// SPDX-License-Identifier: Apache-2.0
// The runes of a TOML text for read_toml: looks ahead and what is wrong are told as upstream's lexer
// tells them. It does not know keys and values. Mirrors BurntSushi/toml 1.6.0 lex.go.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace holdfast::gotmpl {

inline constexpr char32_t end_of_text = 0;
inline constexpr char32_t wrong_rune = 0xFFFFFFFF;  // what cannot stand anywhere; there is a complaint

inline bool is_blank(char32_t c) { return c == ' ' || c == '\t'; }
inline bool is_line_end(char32_t c) { return c == '\n' || c == '\r'; }
inline bool is_one_of(char32_t c, std::u32string_view set) { return set.find(c) != std::u32string_view::npos; }
inline bool is_decimal(char32_t c) { return c >= '0' && c <= '9'; }
inline bool is_hex(char32_t c) { return is_decimal(c) || (c < 0x80 && (c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }
inline bool is_bare(char32_t c) {
  return is_decimal(c) || (c < 0x80 && (c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '-';
}

std::string text_of_rune(char32_t c);
std::string quoted_rune(char32_t c);  // %q
std::string shown_or_end(char32_t c);

// Runes with their lines, and the first complaint, after which nothing counts.
class TomlText {
 public:
  explicit TomlText(std::string_view text) : text_(text) {}

  char32_t next();
  void back();
  char32_t peek();
  bool accept(char32_t wanted);
  void skip_blanks();

  [[nodiscard]] int line() const { return line_; }
  [[nodiscard]] std::size_t at() const { return at_; }
  [[nodiscard]] std::string_view from(std::size_t begin) const { return text_.substr(begin, at_ - begin); }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const std::string& complaint() const { return complaint_; }
  [[nodiscard]] int complaint_line() const { return complaint_line_; }

  // All are false. At the end of the text, the line that the text ends.
  bool fail(std::string message);
  bool fail_in_line_before(std::string message) { return fail_at(line_ - 1, std::move(message)); }
  // Of the token that was read last.
  bool fail_token(std::string message) { return fail_at(line_, std::move(message)); }
  bool fail_at(int line, std::string message);

 private:
  char32_t refuse(std::string message);

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool ended_ = false;  // the end was read, and not given back
  std::string complaint_;
  int complaint_line_ = 0;
};

}  // namespace holdfast::gotmpl
