// SPDX-License-Identifier: Apache-2.0
// Template text → items, one at a time. Mirrors Go 1.26 text/template/parse/lex.go.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::gotmpl {

struct Item {
  enum class Type : std::uint8_t {
    error, boolean, character, character_constant, complex, assign, declare, eof, field,
    identifier, left_delimiter, left_paren, number, pipe, raw_string, right_delimiter,
    right_paren, space, string, text, variable,
    // keywords
    dot, block, break_loop, continue_loop, define, otherwise, end, branch_if, nil, range,
    call_template, branch_with,
  };
  Type type = Type::eof;
  std::size_t position = 0;
  std::string_view value;  // into the text; of an error: into the lexer
  int line = 1;

  // As parse errors name it.
  [[nodiscard]] std::string print() const;
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Item next();

 private:
  using Type = Item::Type;

  bool lex_text(Item& item);
  bool lex_left_delimiter(Item& item);
  bool lex_comment(Item& item);
  Item lex_action();
  Item lex_operand(char first);
  Item lex_right_delimiter();
  Item lex_space();
  Item lex_word();
  Item lex_field_or_variable(Type type);
  Item lex_number();
  Item lex_quoted(char delimiter, Type type, std::string_view what);
  Item lex_raw_string();
  bool scan_number();

  [[nodiscard]] std::string_view rest() const { return text_.substr(position_); }
  [[nodiscard]] bool at_right_delimiter() const;
  [[nodiscard]] bool at_trimmed_delimiter() const;
  [[nodiscard]] bool at_terminator() const;
  void skip_alphanumeric();
  bool accept(std::string_view set);
  void accept_run(std::string_view set);
  Item emit(Type type);
  Item fail(std::string message);
  Item bad_character();
  void ignore();

  std::string_view text_;
  std::size_t position_ = 0;
  std::size_t start_ = 0;
  int start_line_ = 1;
  bool inside_action_ = false;
  bool done_ = false;
  int paren_depth_ = 0;
  std::string message_;
};

// The items one after the other, up to three of which can be given back.
class Lookahead {
 public:
  explicit Lookahead(Lexer& lexer) : lexer_(lexer) {}

  const Item& next();
  const Item& peek();
  const Item& next_non_space();
  const Item& peek_non_space();
  void backup() { ++peeked_; }
  void backup2(const Item& item);
  void backup3(const Item& second, const Item& first);
  // The last that was read of the text, given back or not.
  [[nodiscard]] const Item& newest() const { return tokens_[0]; }

 private:
  Lexer& lexer_;
  Item tokens_[3];
  int peeked_ = 0;
};

}  // namespace holdfast::gotmpl
