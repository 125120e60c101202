// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/json_complaint.h"

#include <fmt/format.h>

#include <vector>

#include "gotmpl/go_text.h"

namespace holdfast::gotmpl {
namespace {

std::string shown(char c) {
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  std::string text;
  // A byte counts as the rune of its number.
  auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x80) {
    text += static_cast<char>(0xC0 | byte >> 6);
    text += static_cast<char>(0x80 | (byte & 0x3F));
  } else {
    text += c;
  }
  text = quote(text);
  text.front() = text.back() = '\'';
  return text;
}

bool digit(char c) { return c >= '0' && c <= '9'; }
bool hex(char c) { return digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'); }

// Scans the text once; the containers that are open are a stack of their brackets.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  JsonScan run() {
    Next next = Next::value;
    while (next == Next::value) next = value() ? after_value() : Next::wrong;
    JsonScan scan;
    if (next == Next::end) {
      scan.value_end = at_;
      spaces();
      if (at_ < text_.size()) fail("after top-level value");
    }
    scan.complaint = std::move(complaint_);
    return scan;
  }

 private:
  enum class Next { value, end, wrong };

  // Inside a token the end counts as a blank, which does not belong there.
  bool fail_inside(std::string_view context) {
    if (at_ < text_.size()) return fail(context);
    complaint_ = fmt::format("invalid character ' ' {}", context);
    return false;
  }

  bool fail(std::string_view context) {
    complaint_ = at_ >= text_.size()
                     ? "unexpected end of JSON input"
                     : fmt::format("invalid character {} {}", shown(text_[at_]), context);
    return false;
  }

  void spaces() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) {
      ++at_;
    }
  }

  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }

  // A scalar, an empty container, or the start of one and its first value.
  bool value() {
    while (true) {
      spaces();
      if (next_is('{')) {
        ++at_;
        spaces();
        if (next_is('}')) {
          ++at_;
          return true;
        }
        open_.push_back('{');
        if (!key()) return false;
        continue;
      }
      if (next_is('[')) {
        ++at_;
        spaces();
        if (next_is(']')) {
          ++at_;
          return true;
        }
        open_.push_back('[');
        continue;
      }
      return scalar();
    }
  }

  bool key() {
    spaces();
    if (!next_is('"')) return fail("looking for beginning of object key string");
    if (!string()) return false;
    spaces();
    if (!next_is(':')) return fail("after object key");
    ++at_;
    return true;
  }

  bool scalar() {
    if (next_is('"')) return string();
    if (next_is('t')) return literal("true");
    if (next_is('f')) return literal("false");
    if (next_is('n')) return literal("null");
    if (next_is('-') || (at_ < text_.size() && digit(text_[at_]))) return number();
    return fail("looking for beginning of value");
  }

  bool literal(std::string_view word) {
    for (std::size_t i = 0; i < word.size(); ++i, ++at_) {
      if (!next_is(word[i])) {
        return fail_inside(fmt::format("in literal {} (expecting {})", word, shown(word[i])));
      }
    }
    return true;
  }

  bool number() {
    if (next_is('-')) ++at_;
    if (next_is('0')) {
      ++at_;
    } else if (!digits("in numeric literal")) {
      return false;
    }
    if (next_is('.')) {
      ++at_;
      if (!digits("after decimal point in numeric literal")) return false;
    }
    if (next_is('e') || next_is('E')) {
      ++at_;
      if (next_is('+') || next_is('-')) ++at_;
      if (!digits("in exponent of numeric literal")) return false;
    }
    return true;
  }

  bool digits(std::string_view context) {
    if (at_ >= text_.size() || !digit(text_[at_])) return fail_inside(context);
    while (at_ < text_.size() && digit(text_[at_])) ++at_;
    return true;
  }

  bool string() {
    ++at_;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (static_cast<unsigned char>(c) < ' ') return fail("in string literal");
      ++at_;
      if (c == '"') return true;
      if (c != '\\') continue;
      if (at_ >= text_.size()) return fail_inside("in string escape code");
      char escape = text_[at_];
      if (std::string_view("bfnrt\\/\"u").find(escape) == std::string_view::npos) {
        return fail("in string escape code");
      }
      ++at_;
      for (int i = 0; escape == 'u' && i < 4; ++i, ++at_) {
        if (at_ >= text_.size() || !hex(text_[at_])) {
          return fail_inside("in \\u hexadecimal character escape");
        }
      }
    }
    return fail("");
  }

  Next after_value() {
    while (!open_.empty()) {
      spaces();
      bool object = open_.back() == '{';
      if (next_is(',')) {
        ++at_;
        return !object || key() ? Next::value : Next::wrong;
      }
      if (!next_is(object ? '}' : ']')) {
        fail(object ? "after object key:value pair" : "after array element");
        return Next::wrong;
      }
      ++at_;
      open_.pop_back();
    }
    return Next::end;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<char> open_;
  std::string complaint_;
};

}  // namespace

JsonScan scan_json(std::string_view text) { return Scanner(text).run(); }

}  // namespace holdfast::gotmpl
