// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/toml_text.h"

#include <fmt/format.h>

#include "gotmpl/go_text.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {

std::string text_of_rune(char32_t c) {
  std::string text;
  append_rune(text, c);
  return text;
}

std::string quoted_rune(char32_t c) {
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  std::string text = quote(text_of_rune(c));
  text.front() = text.back() = '\'';
  return text;
}

std::string shown_or_end(char32_t c) {
  return c == end_of_text ? std::string("end of file") : fmt::format("'{}'", text_of_rune(c));
}

char32_t TomlText::next() {
  if (!complaint_.empty()) return wrong_rune;
  if (at_ >= text_.size()) {
    ended_ = true;
    return end_of_text;
  }
  const Rune rune = decode_rune(text_.substr(at_));
  if (rune.value == '\n') ++line_;
  if (rune.bad()) return refuse(fmt::format("invalid UTF-8 byte: 0x{:02x}", static_cast<unsigned char>(text_[at_])));
  const bool lone = rune.value == '\r' && text_.substr(at_ + 1, 1) != "\n";
  const bool control = (rune.value < ' ' && !is_one_of(rune.value, U"\t\r\n")) || rune.value == 0x7F;
  if (lone || control) {
    return refuse(fmt::format("TOML files cannot contain control characters: '0x{:02x}'",
                              static_cast<std::uint32_t>(rune.value)));
  }
  at_ += rune.size;
  return rune.value;
}

void TomlText::back() {
  if (std::exchange(ended_, false) || !complaint_.empty()) return;
  at_ -= decode_last_rune(text_.substr(0, at_)).size;
  if (text_[at_] == '\n') --line_;
}

char32_t TomlText::peek() {
  const char32_t c = next();
  back();
  return c;
}

bool TomlText::accept(char32_t wanted) {
  if (next() == wanted) return true;
  back();
  return false;
}

void TomlText::skip_blanks() {
  while (is_blank(next())) {
  }
  back();
}

bool TomlText::fail(std::string message) {
  const bool after_line = ended_ && at_ > 0 && text_[at_ - 1] == '\n';
  return fail_at(line_ - (after_line ? 1 : 0), std::move(message));
}

bool TomlText::fail_at(int line, std::string message) {
  if (complaint_.empty()) {
    complaint_ = std::move(message);
    complaint_line_ = line;
  }
  return false;
}

char32_t TomlText::refuse(std::string message) {
  fail_at(line_, std::move(message));
  return wrong_rune;
}

}  // namespace holdfast::gotmpl
