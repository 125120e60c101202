// SPDX-License-Identifier: Apache-2.0
#include "yaml/emitter.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace holdfast::yaml {
namespace {

constexpr int indent_step = 2;
constexpr int width = 80;                   // a text is folded at the first blank beyond it
constexpr std::size_t simple_key_max = 128;  // bytes; a longer key stands behind "? "

unsigned byte_at(std::string_view text, std::size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
}

// Every byte but those that continue a character, eight at a time.
int characters_of(std::string_view text) {
  auto count = static_cast<int>(text.size());
  std::uint64_t eight = 0;
  for (; text.size() >= sizeof eight; text.remove_prefix(sizeof eight)) {
    std::memcpy(&eight, text.data(), sizeof eight);
    count -= std::popcount(eight >> 7U & ~eight >> 6U & 0x0101010101010101U);
  }
  const auto continues = [](char c) { return (c & 0xC0) == 0x80; };
  return count - static_cast<int>(std::ranges::count_if(text, continues));
}

std::size_t size_of_character(unsigned first) {
  if (first < 0x80) return 1;
  if (first < 0xE0) return 2;
  return first < 0xF0 ? 3 : 4;
}

bool is_blank(std::string_view text, std::size_t at) {
  return at < text.size() && (text[at] == ' ' || text[at] == '\t');
}

// Carriage return, line feed, U+0085, U+2028, U+2029.
bool is_break(std::string_view text, std::size_t at) {
  const auto first = byte_at(text, at);
  if (first < 0x80) return first == '\n' || first == '\r';
  if (first == 0xC2) return byte_at(text, at + 1) == 0x85;
  if (first != 0xE2 || byte_at(text, at + 1) != 0x80) return false;
  const auto third = byte_at(text, at + 2);
  return third == 0xA8 || third == 0xA9;
}

bool is_printable(std::string_view text, std::size_t at) {
  const auto first = byte_at(text, at);
  if (first < 0x80) return first == '\n' || (first >= 0x20 && first < 0x7F);
  const auto second = byte_at(text, at + 1);
  if (first == 0xC2) return second >= 0xA0;
  if (first == 0xEF) {
    const auto third = byte_at(text, at + 2);
    if (second == 0xBB && third == 0xBF) return false;
    return second != 0xBF || (third != 0xBE && third != 0xBF);
  }
  return first < 0xF0;
}

bool starts_like_a_mark(std::string_view text) {
  if (text.starts_with("---") || text.starts_with("...")) return true;
  constexpr std::string_view always = "#,[]{}&*!|>'\"%@`";
  if (always.find(text.front()) != std::string_view::npos) return true;
  constexpr std::string_view before_blank = "?:-";
  return before_blank.find(text.front()) != std::string_view::npos &&
         (text.size() == 1 || is_blank(text, 1));
}

// Characters that are as good in the middle of a plain text as anywhere.
constexpr auto harmless = [] {
  std::array<bool, 256> out{};
  for (std::size_t c = 0x21; c < 0x7F; ++c)
    out[c] = c != ':' && c != '#';
  return out;
}();

// Bytes that a line's end can begin with.
constexpr auto may_break = [] {
  std::array<bool, 256> out{};
  for (const std::size_t c : {0x0AU, 0x0DU, 0xC2U, 0xE2U})
    out[c] = true;
  return out;
}();

class Scan {
 public:
  using Shape = Emitter::Shape;

  static Shape of(std::string_view text) {
    if (text.empty()) return {.literal = false};
    Scan scan;
    scan.mark_ = starts_like_a_mark(text);
    for (std::size_t at = 0; at < text.size();) {
      const auto from = at;
      while (at < text.size() && harmless[byte_at(text, at)])
        ++at;
      if (at > from) scan.after_space_ = scan.after_break_ = scan.after_blank_ = false;
      if (at < text.size()) at += scan.character(text, at);
    }
    return scan.verdict();
  }

 private:
  std::size_t character(std::string_view text, std::size_t at) {
    const auto first = byte_at(text, at);
    const auto size = size_of_character(first);
    const auto next = at + size;
    if (at > 0 && first == ':') mark_ |= next >= text.size() || is_blank(text, next);
    if (at > 0 && first == '#') mark_ |= after_blank_;
    special_ |= !is_printable(text, at);
    const bool space = first == ' ', line_end = is_break(text, at);
    const bool edge = at == 0 || next >= text.size();
    blank_edge_ |= edge && (space || line_end);
    if (space) {
      trailing_space_ |= next >= text.size();
      break_space_ |= after_break_;
    }
    if (line_end) {
      breaks_ = true;
      special_ |= after_space_;
    }
    after_space_ = space;
    after_break_ = line_end;
    after_blank_ = space || line_end || first == '\t' || first == 0;
    return size;
  }

  [[nodiscard]] Shape verdict() const {
    return {.breaks = breaks_,
            .plain = !(mark_ || special_ || breaks_ || break_space_ || blank_edge_),
            .single_quoted = !(special_ || break_space_),
            .literal = !(special_ || trailing_space_)};
  }

  bool mark_ = false;
  bool breaks_ = false;
  bool special_ = false;  // not to be printed as it is, or a line that ends in a blank
  bool blank_edge_ = false;
  bool trailing_space_ = false;
  bool break_space_ = false;
  bool after_space_ = false, after_break_ = false;
  bool after_blank_ = true;
};

std::uint32_t code_of(std::string_view text, std::size_t at, std::size_t size) {
  const auto first = byte_at(text, at);
  if (size == 1) return first;
  auto code = first & (0x7FU >> size);
  for (std::size_t i = 1; i < size; ++i)
    code = code << 6U | (byte_at(text, at + i) & 0x3FU);
  return code;
}

struct Escape {
  std::uint32_t code;
  char letter;
};

constexpr auto escapes = std::to_array<Escape>({{0x00, '0'},
                                                {0x07, 'a'},
                                                {0x08, 'b'},
                                                {0x09, 't'},
                                                {0x0A, 'n'},
                                                {0x0B, 'v'},
                                                {0x0C, 'f'},
                                                {0x0D, 'r'},
                                                {0x1B, 'e'},
                                                {0x22, '"'},
                                                {0x5C, '\\'},
                                                {0x85, 'N'},
                                                {0xA0, '_'},
                                                {0x2028, 'L'},
                                                {0x2029, 'P'}});

}  // namespace

void Emitter::put(char c) {
  out_ += c;
  ++column_;
}

std::size_t Emitter::put_character(std::string_view text, std::size_t at) {
  const auto size = size_of_character(byte_at(text, at));
  out_ += text.substr(at, size);
  ++column_;
  return size;
}

void Emitter::put_line_end() {
  out_ += '\n';
  column_ = 0;
}

void Emitter::new_line() {
  const int to = std::max(indent_, 0);
  if (!at_margin_ || column_ > to || (column_ == to && !after_space_)) put_line_end();
  if (column_ < to) out_.append(static_cast<std::size_t>(to - column_), ' ');
  column_ = std::max(column_, to);
  after_space_ = at_margin_ = true;
}

void Emitter::mark(std::string_view text, Before before) {
  if (before == Before::space && !after_space_) put(' ');
  out_ += text;
  column_ += static_cast<int>(text.size());
  after_space_ = at_margin_ = false;
}

// "-", "?" and the ":" of a long key leave the margin open: "- - a" is one line.
void Emitter::block_mark(char c) {
  if (!after_space_) put(' ');
  put(c);
  after_space_ = false;
}

void Emitter::indent() {
  outer_.push_back(indent_);
  indent_ = indent_ < 0 ? 0 : indent_ + indent_step;
}

void Emitter::outdent() {
  indent_ = outer_.back();
  outer_.pop_back();
}

void Emitter::open_mapping() {
  indent();
}

void Emitter::open_sequence() {
  indent();
  // Dashes stand below their key.
  if (value_ && !at_margin_ && outer_.back() >= 0) indent_ = outer_.back();
}

void Emitter::key(std::string_view text, Style style) {
  new_line();
  value_ = true;
  const auto shape = Scan::of(text);
  if (text.size() <= simple_key_max && !shape.breaks) {
    write(text, style, shape, Folding::no);
    mark(":", Before::nothing);
    return;
  }
  block_mark('?');
  write(text, style, shape, Folding::yes);
  new_line();
  block_mark(':');
}

void Emitter::item() {
  new_line();
  block_mark('-');
  value_ = false;
}

void Emitter::scalar(std::string_view text, Style style) {
  write(text, style, Scan::of(text), Folding::yes);
}

void Emitter::write(std::string_view text, Style style, const Shape& shape, Folding folding) {
  const int before = indent_;
  indent_ = std::max(indent_, 0) + indent_step;
  if (style == Style::literal && shape.literal) {
    literal(text);
  } else if (style == Style::plain && shape.plain) {
    plain(text, folding);
  } else if (style == Style::plain && shape.single_quoted) {
    single_quoted(text, folding);
  } else {
    double_quoted(text, folding);
  }
  indent_ = before;
}

bool Emitter::is_wide() const {
  return column_ > width;
}

void Emitter::put_text(std::string_view text) {
  out_ += text;
  column_ += characters_of(text);
}

void Emitter::plain(std::string_view text, Folding folding) {
  if (!after_space_) put(' ');
  if (folding == Folding::no || static_cast<int>(text.size()) + column_ <= width) {
    put_text(text);
    after_space_ = at_margin_ = false;
    return;
  }
  bool spaces = false;
  for (std::size_t at = 0; at < text.size();) {
    const bool space = text[at] == ' ';
    if (space && !spaces && is_wide() && text[at + 1] != ' ') {
      new_line();
      ++at;
    } else {
      at_margin_ = at_margin_ && space;
      at += put_character(text, at);
    }
    spaces = space;
  }
  after_space_ = at_margin_ = false;
}

void Emitter::single_quoted(std::string_view text, Folding folding) {
  mark("'", Before::space);
  bool spaces = false, breaks = false;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == ' ') {
      const bool inner = at > 0 && at + 1 < text.size() && text[at + 1] != ' ';
      if (folding == Folding::yes && !spaces && is_wide() && inner) {
        new_line();
        ++at;
      } else {
        at += put_character(text, at);
      }
      spaces = true;
    } else if (is_break(text, at)) {  // U+2028 or U+2029: the others are written in other styles
      at += put_character(text, at);
      column_ = 0;
      at_margin_ = breaks = true;
    } else {
      if (breaks) new_line();
      if (text[at] == '\'') put('\'');
      at += put_character(text, at);
      at_margin_ = spaces = breaks = false;
    }
  }
  mark("'", Before::nothing);
}

void Emitter::put_escaped(std::string_view text, std::size_t at) {
  const auto code = code_of(text, at, size_of_character(byte_at(text, at)));
  put('\\');
  const auto* named = std::ranges::find(escapes, code, &Escape::code);
  if (named != escapes.end()) return put(named->letter);
  const int digits = code <= 0xFF ? 2 : code <= 0xFFFF ? 4 : 8;
  put(digits == 2 ? 'x' : digits == 4 ? 'u' : 'U');
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4)
    put("0123456789ABCDEF"[code >> static_cast<unsigned>(shift) & 0xFU]);
}

void Emitter::double_quoted(std::string_view text, Folding folding) {
  // Upstream looks for the byte order mark at the text's start whatever character it asks about.
  const bool escape_all = text.starts_with("\xEF\xBB\xBF");
  mark("\"", Before::space);
  bool spaces = false;
  for (std::size_t at = 0; at < text.size();) {
    const bool escaped = escape_all || !is_printable(text, at) || is_break(text, at) ||
                         text[at] == '"' || text[at] == '\\';
    const bool space = !escaped && text[at] == ' ';
    if (escaped) {
      put_escaped(text, at);
      at += size_of_character(byte_at(text, at));
    } else if (space && folding == Folding::yes && !spaces && is_wide() && at > 0 &&
               at + 1 < text.size()) {
      new_line();
      if (text[at + 1] == ' ') put('\\');
      ++at;
    } else {
      at += put_character(text, at);
    }
    spaces = space;
  }
  mark("\"", Before::nothing);
}

void Emitter::literal(std::string_view text) {
  mark("|", Before::space);
  if (text.front() == ' ' || is_break(text, 0)) mark("2", Before::nothing);
  // Without an end of line at the end "-"; with more than one, or nothing else, "+".
  const auto start_of_last = [&](std::size_t end) {
    do
      --end;
    while (end > 0 && (byte_at(text, end) & 0xC0U) == 0x80);
    return end;
  };
  const auto last = start_of_last(text.size());
  if (!is_break(text, last)) {
    mark("-", Before::nothing);
  } else if (last == 0 || is_break(text, start_of_last(last))) {
    mark("+", Before::nothing);
  }
  put_line_end();
  at_margin_ = after_space_ = true;
  bool breaks = true;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\n') {
      put_line_end();
      ++at;
      at_margin_ = breaks = true;
    } else if (is_break(text, at)) {
      at += put_character(text, at);
      column_ = 0;
      at_margin_ = breaks = true;
    } else {
      if (breaks) new_line();
      auto end = at;
      while (end < text.size() && (!may_break[byte_at(text, end)] || !is_break(text, end)))
        ++end;
      put_text(text.substr(at, end - at));
      at = end;
      at_margin_ = breaks = false;
    }
  }
}

}  // namespace holdfast::yaml
