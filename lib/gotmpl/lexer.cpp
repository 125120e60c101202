// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/lexer.h"

#include <fmt/format.h>

#include <algorithm>

#include "gotmpl/go_text.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

constexpr std::string_view spaces = " \t\r\n";

bool space(char c) { return spaces.find(c) != std::string_view::npos; }

bool alphanumeric(char32_t rune) { return rune == '_' || is_letter(rune) || is_digit(rune); }

bool left_trim_marker(std::string_view text) {
  return text.size() >= 2 && text[0] == '-' && space(text[1]);
}

bool right_trim_marker(std::string_view text) {
  return text.size() >= 2 && space(text[0]) && text[1] == '-';
}

int count_lines(std::string_view text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

Item::Type keyword(std::string_view word) {
  struct Row {
    std::string_view word;
    Item::Type type;
  };
  static constexpr Row rows[] = {
      {"block", Item::Type::block},        {"break", Item::Type::break_loop},
      {"continue", Item::Type::continue_loop}, {"define", Item::Type::define},
      {"else", Item::Type::otherwise},     {"end", Item::Type::end},
      {"false", Item::Type::boolean},      {"if", Item::Type::branch_if},
      {"nil", Item::Type::nil},            {"range", Item::Type::range},
      {"template", Item::Type::call_template}, {"true", Item::Type::boolean},
      {"with", Item::Type::branch_with},
  };
  for (const Row& row : rows) {
    if (row.word == word) return row.type;
  }
  return Item::Type::identifier;
}

// fmt's %#U: U+002D '-'.
std::string describe_rune(char32_t rune) {
  std::string text = fmt::format("U+{:04X}", static_cast<std::uint32_t>(rune));
  if (!is_print(rune)) return text;
  text += " '";
  append_rune(text, rune);
  return text + "'";
}

}  // namespace

std::string Item::print() const {
  if (type == Type::eof) return "EOF";
  if (type == Type::error) return std::string(value);
  if (type >= Type::dot) return fmt::format("<{}>", value);
  if (value.size() <= 10) return quote(value);
  // %.10q cuts runes, not bytes.
  std::string_view cut = value;
  for (int i = 0; i < 10 && !cut.empty(); ++i) cut.remove_prefix(decode_rune(cut).size);
  return quote(value.substr(0, value.size() - cut.size())) + "...";
}

Item Lexer::next() {
  if (done_) return {Type::eof, position_, "EOF", start_line_};
  if (inside_action_) return lex_action();
  Item item;
  while (!lex_text(item)) {
    if (lex_left_delimiter(item)) break;
  }
  return item;
}

// Up to the next "{{"; false when nothing is to be emitted before it.
bool Lexer::lex_text(Item& item) {
  std::size_t found = text_.find("{{", position_);
  if (found == std::string_view::npos) {
    position_ = text_.size();
    item = emit(position_ > start_ ? Type::text : Type::eof);
    if (item.type == Type::eof) item.value = "EOF";
    return true;
  }
  std::size_t end = found;
  if (left_trim_marker(text_.substr(found + 2))) {
    while (end > start_ && space(text_[end - 1])) --end;
  }
  position_ = end;
  bool has_text = position_ > start_;
  if (has_text) item = emit(Type::text);
  position_ = found;
  ignore();
  return has_text;
}

// False after a comment: text goes on.
bool Lexer::lex_left_delimiter(Item& item) {
  position_ += 2;
  std::size_t marker = left_trim_marker(rest()) ? 2 : 0;
  if (text_.substr(position_ + marker).starts_with("/*")) {
    position_ += marker;
    ignore();
    return lex_comment(item);
  }
  item = emit(Type::left_delimiter);
  inside_action_ = true;
  position_ += marker;
  ignore();
  paren_depth_ = 0;
  return true;
}

bool Lexer::lex_comment(Item& item) {
  std::size_t end = text_.find("*/", position_ + 2);
  if (end == std::string_view::npos) {
    item = fail("unclosed comment");
    return true;
  }
  position_ = end + 2;
  bool trimmed = at_trimmed_delimiter();
  if (!trimmed && !at_right_delimiter()) {
    item = fail("comment ends before closing delimiter");
    return true;
  }
  position_ += trimmed ? 4 : 2;
  if (trimmed) accept_run(spaces);
  ignore();
  return false;
}

Item Lexer::lex_action() {
  if (at_right_delimiter()) {
    if (paren_depth_ == 0) return lex_right_delimiter();
    return fail("unclosed left paren");
  }
  if (position_ >= text_.size()) return fail("unclosed action");
  char first = text_[position_];
  if (space(first)) return lex_space();
  switch (first) {
    case '=':
      ++position_;
      return emit(Type::assign);
    case ':':
      ++position_;
      if (!accept("=")) return fail("expected :=");
      return emit(Type::declare);
    case '|':
      ++position_;
      return emit(Type::pipe);
    case '(':
      ++position_;
      ++paren_depth_;
      return emit(Type::left_paren);
    case ')':
      ++position_;
      if (--paren_depth_ < 0) return fail("unexpected right paren");
      return emit(Type::right_paren);
    default:
      return lex_operand(first);
  }
}

Item Lexer::lex_operand(char first) {
  switch (first) {
    case '"':
      return lex_quoted('"', Type::string, "unterminated quoted string");
    case '\'':
      return lex_quoted('\'', Type::character_constant, "unterminated character constant");
    case '`':
      return lex_raw_string();
    case '$':
      ++position_;
      return lex_field_or_variable(Type::variable);
    case '.':
      if (position_ + 1 < text_.size() && (text_[position_ + 1] < '0' || text_[position_ + 1] > '9')) {
        ++position_;
        return lex_field_or_variable(Type::field);
      }
      return lex_number();
    default:
      break;
  }
  if (first == '+' || first == '-' || (first >= '0' && first <= '9')) return lex_number();
  Rune rune = decode_rune(rest());
  if (alphanumeric(rune.value)) return lex_word();
  position_ += rune.size;
  if (rune.value < 0x80 && is_print(rune.value)) return emit(Type::character);
  return fail(fmt::format("unrecognized character in action: {}", describe_rune(rune.value)));
}

Item Lexer::lex_right_delimiter() {
  bool trimmed = at_trimmed_delimiter();
  if (trimmed) {
    position_ += 2;
    ignore();
  }
  position_ += 2;
  Item item = emit(Type::right_delimiter);
  if (trimmed) {
    accept_run(spaces);
    ignore();
  }
  inside_action_ = false;
  return item;
}

Item Lexer::lex_space() {
  std::size_t begin = position_;
  accept_run(spaces);
  // The last space may belong to " -}}".
  if (right_trim_marker(text_.substr(position_ - 1)) &&
      text_.substr(position_ + 1).starts_with("}}")) {
    --position_;
    if (position_ == begin) return lex_right_delimiter();
  }
  return emit(Type::space);
}

Item Lexer::lex_word() {
  skip_alphanumeric();
  if (!at_terminator()) return bad_character();
  return emit(keyword(text_.substr(start_, position_ - start_)));
}

Item Lexer::lex_field_or_variable(Type type) {
  if (at_terminator()) return emit(type == Type::variable ? Type::variable : Type::dot);
  skip_alphanumeric();
  if (!at_terminator()) return bad_character();
  return emit(type);
}

Item Lexer::lex_quoted(char delimiter, Type type, std::string_view what) {
  ++position_;
  while (position_ < text_.size()) {
    char c = text_[position_++];
    if (c == delimiter) return emit(type);
    if (c == '\n') break;
    if (c != '\\') continue;
    if (position_ >= text_.size() || text_[position_] == '\n') break;
    position_ += decode_rune(rest()).size;
  }
  return fail(std::string(what));
}

Item Lexer::lex_raw_string() {
  std::size_t end = text_.find('`', position_ + 1);
  if (end == std::string_view::npos) return fail("unterminated raw quoted string");
  position_ = end + 1;
  return emit(Type::raw_string);
}

Item Lexer::lex_number() {
  bool fits = scan_number();
  Type type = Type::number;
  if (fits && position_ < text_.size() && (text_[position_] == '+' || text_[position_] == '-')) {
    type = Type::complex;
    fits = scan_number() && text_[position_ - 1] == 'i';
  }
  if (fits) return emit(type);
  return fail(fmt::format("bad number syntax: {}",
                          quote(text_.substr(start_, position_ - start_))));
}

// Not exact: "089" passes here and is refused by the parser.
bool Lexer::scan_number() {
  accept("+-");
  std::string_view digits = "0123456789_";
  bool decimal = true;
  bool hex = false;
  if (accept("0")) {
    if (accept("xX")) {
      digits = "0123456789abcdefABCDEF_";
      hex = true;
      decimal = false;
    } else if (accept("oO")) {
      digits = "01234567_";
      decimal = false;
    } else if (accept("bB")) {
      digits = "01_";
      decimal = false;
    }
  }
  accept_run(digits);
  if (accept(".")) accept_run(digits);
  if ((decimal && accept("eE")) || (hex && accept("pP"))) {
    accept("+-");
    accept_run("0123456789_");
  }
  accept("i");
  if (position_ >= text_.size()) return true;
  Rune rune = decode_rune(rest());
  if (!alphanumeric(rune.value)) return true;
  position_ += rune.size;
  return false;
}

bool Lexer::at_right_delimiter() const {
  return rest().starts_with("}}") || at_trimmed_delimiter();
}

bool Lexer::at_trimmed_delimiter() const {
  return right_trim_marker(rest()) && text_.substr(position_ + 2).starts_with("}}");
}

bool Lexer::at_terminator() const {
  if (position_ >= text_.size() || space(text_[position_])) return true;
  return std::string_view(".,|:)(").find(text_[position_]) != std::string_view::npos ||
         rest().starts_with("}}");
}

void Lexer::skip_alphanumeric() {
  while (position_ < text_.size()) {
    Rune rune = decode_rune(rest());
    if (!alphanumeric(rune.value)) return;
    position_ += rune.size;
  }
}

bool Lexer::accept(std::string_view set) {
  if (position_ >= text_.size() || set.find(text_[position_]) == std::string_view::npos) {
    return false;
  }
  ++position_;
  return true;
}

void Lexer::accept_run(std::string_view set) {
  std::size_t end = text_.find_first_not_of(set, position_);
  position_ = end == std::string_view::npos ? text_.size() : end;
}

Item Lexer::emit(Type type) {
  Item item{type, start_, text_.substr(start_, position_ - start_), start_line_};
  ignore();
  return item;
}

void Lexer::ignore() {
  start_line_ += count_lines(text_.substr(start_, position_ - start_));
  start_ = position_;
}

Item Lexer::bad_character() {
  return fail(fmt::format("bad character {}", describe_rune(decode_rune(rest()).value)));
}

Item Lexer::fail(std::string message) {
  message_ = std::move(message);
  done_ = true;
  return {Type::error, start_, message_, start_line_};
}

const Item& Lookahead::next() {
  if (peeked_ > 0) {
    --peeked_;
  } else {
    tokens_[0] = lexer_.next();
  }
  return tokens_[peeked_];
}

const Item& Lookahead::peek() {
  if (peeked_ > 0) return tokens_[peeked_ - 1];
  peeked_ = 1;
  tokens_[0] = lexer_.next();
  return tokens_[0];
}

const Item& Lookahead::next_non_space() {
  const Item* token = &next();
  while (token->type == Item::Type::space) token = &next();
  return *token;
}

const Item& Lookahead::peek_non_space() {
  const Item& token = next_non_space();
  backup();
  return token;
}

void Lookahead::backup2(const Item& item) {
  tokens_[1] = item;
  peeked_ = 2;
}

void Lookahead::backup3(const Item& second, const Item& first) {
  tokens_[1] = first;
  tokens_[2] = second;
  peeked_ = 3;
}

}  // namespace holdfast::gotmpl
