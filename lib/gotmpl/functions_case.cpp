// SPDX-License-Identifier: Apache-2.0
// The case conversions of Sprig 3.3.0: huandu/xstrings 1.5.0 convert.go, goutils 1.1.1 wordutils.go,
// strings.Title.
#include <algorithm>

#include "gotmpl/execution.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

bool connector(char32_t rune) { return rune == '-' || rune == '_' || is_space(rune); }

bool ideograph(char32_t rune) {
  return (rune >= 0x3400 && rune <= 0x4DB5) || (rune >= 0x4E00 && rune <= 0x9FCC) ||
         (rune >= 0x20000 && rune <= 0x2B81D);
}

bool alphabet(char32_t rune) { return is_letter(rune) && !ideograph(rune); }

bool punctuation(char32_t rune) {
  if (rune < 0x80) return std::u32string_view(U"!\"#%&'()*,-./:;?@[\\]_{}").find(rune) != std::u32string_view::npos;
  return rune == 0xA1 || rune == 0xA7 || rune == 0xAB || rune == 0xB6 || rune == 0xB7 ||
         rune == 0xBB || rune == 0xBF || (rune >= 0x2010 && rune <= 0x2027) ||
         (rune >= 0x2030 && rune <= 0x205E) || (rune >= 0x3001 && rune <= 0x3003);
}

std::string pascal_case(std::string_view text) {
  std::u32string runes = to_runes(text);
  std::u32string out;
  std::size_t at = 0;
  while (at < runes.size() && connector(runes[at])) out += runes[at++];
  if (at >= runes.size()) return from_runes(out);
  bool first_upper = is_upper(runes[at]);
  char32_t now = to_upper(runes[at++]);
  for (; at < runes.size(); ++at) {
    char32_t before = now;
    now = runes[at];
    if (connector(now) && connector(before)) {
      out += before;
      continue;
    }
    if (connector(before)) {
      first_upper = is_upper(now);
      now = to_upper(now);
      continue;
    }
    if (first_upper) {
      if (is_upper(now)) {
        now = to_lower(now);
      } else {
        first_upper = false;
      }
    }
    out += before;
  }
  out += now;
  return from_runes(out);
}

enum class Word { none, number, upper, alphabet, connector, punctuation, other };

struct Piece {
  Word type = Word::none;
  std::u32string_view text;
};

// Splits a text at the joints of camelCase, and writes the pieces in lower case with `joint` between.
class Splitter {
 public:
  Splitter(std::string_view text, char32_t joint) : runes_(to_runes(text)), rest_(runes_), joint_(joint) {}

  std::string run() {
    if (rest_.empty()) return "";
    piece_ = next();
    while (!rest_.empty()) step();
    write(piece_.type, piece_.text);
    return from_runes(out_);
  }

 private:
  bool word_follows() const { return piece_.type == Word::alphabet || piece_.type == Word::number; }
  bool joins() const {
    return piece_.type != Word::none && piece_.type != Word::connector &&
           piece_.type != Word::punctuation;
  }

  void step() {
    if (piece_.type != Word::connector) write(piece_.type, piece_.text);
    Piece last = piece_;
    piece_ = next();
    if (last.type == Word::number) {
      absorb();
      if (joins()) out_ += joint_;
    } else if (last.type == Word::connector) {
      write(last.type, last.text);
    } else if (last.type != Word::punctuation) {
      after_word();
    }
  }

  void absorb() {
    while (word_follows()) {
      write(piece_.type, piece_.text);
      piece_ = next();
    }
  }

  // A number after letters belongs to the letters after it, if there are any.
  void after_word() {
    if (piece_.type != Word::number) {
      if (piece_.type != Word::connector && piece_.type != Word::punctuation) out_ += joint_;
      return;
    }
    if (rest_.empty()) return;
    Piece digits = piece_;
    piece_ = next();
    if (piece_.type != Word::alphabet) {
      write(Word::number, digits.text);
      if (piece_.type != Word::connector && piece_.type != Word::punctuation) out_ += joint_;
      return;
    }
    out_ += joint_;
    write(Word::number, digits.text);
    absorb();
    if (joins()) out_ += joint_;
  }

  template <class Accepts>
  std::size_t run_of(std::size_t from, Accepts accepts) const {
    std::size_t size = from;
    while (size < rest_.size() && accepts(rest_[size])) ++size;
    return size;
  }

  Piece take(Word type, std::size_t size) {
    Piece piece{type, rest_.substr(0, size)};
    rest_.remove_prefix(size);
    return piece;
  }

  Piece next() {
    if (rest_.empty()) return {};
    char32_t first = rest_[0];
    auto lower = [](char32_t rune) { return alphabet(rune) && !is_upper(rune); };
    if (connector(first)) return take(Word::connector, run_of(1, connector));
    if (punctuation(first)) return take(Word::punctuation, run_of(1, punctuation));
    if (is_upper(first)) {
      std::size_t uppers = run_of(1, is_upper);
      if (uppers == 1) return take(Word::upper, run_of(1, lower));
      // The last capital starts the next word: HTTPServer is HTTP, Server.
      bool word = uppers < rest_.size() && alphabet(rest_[uppers]);
      return take(Word::upper, word ? uppers - 1 : uppers);
    }
    if (alphabet(first)) return take(Word::alphabet, run_of(1, lower));
    if (is_number(first)) return take(Word::number, run_of(1, is_number));
    return take(Word::other, run_of(1, [](char32_t rune) {
                  return !connector(rune) && !alphabet(rune) && !is_number(rune) &&
                         !punctuation(rune);
                }));
  }

  void write(Word type, std::u32string_view text) {
    for (char32_t rune : text) {
      if (type == Word::connector && connector(rune)) {
        out_ += joint_;
      } else if (type == Word::upper) {
        out_ += connector(rune) ? joint_ : is_upper(rune) ? to_lower(rune) : rune;
      } else {
        out_ += rune;
      }
    }
  }

  std::u32string runes_;
  std::u32string_view rest_;
  char32_t joint_;
  Piece piece_;
  std::u32string out_;
};

Result<Datum> camel_case(Call& call) { return Datum(pascal_case(call.text(0))); }
Result<Datum> snake_case(Call& call) { return Datum(Splitter(call.text(0), '_').run()); }
Result<Datum> kebab_case(Call& call) { return Datum(Splitter(call.text(0), '-').run()); }

// strings.Title: a letter after anything that is no letter, digit or underscore.
Result<Datum> title(Call& call) {
  std::u32string runes = to_runes(call.text(0));
  char32_t before = ' ';
  for (char32_t& rune : runes) {
    char32_t original = rune;
    bool inside = before < 0x80 ? is_letter(before) || is_digit(before) || before == '_'
                                : is_letter(before) || is_digit(before) || !is_space(before);
    if (!inside) rune = to_title(rune);
    before = original;
  }
  return Datum(from_runes(runes));
}

Result<Datum> untitle(Call& call) {
  std::u32string runes = to_runes(call.text(0));
  bool next = true;
  for (char32_t& rune : runes) {
    if (is_space(rune)) {
      next = true;
    } else if (next) {
      rune = to_lower(rune);
      next = false;
    }
  }
  return Datum(from_runes(runes));
}

Result<Datum> swap_case(Call& call) {
  std::u32string runes = to_runes(call.text(0));
  bool space = true;
  for (char32_t& rune : runes) {
    if (is_upper(rune)) {
      rune = to_lower(rune);
      space = false;
    } else if (is_lower(rune)) {
      rune = space ? to_title(rune) : to_upper(rune);
      space = false;
    } else {
      space = is_space(rune);
    }
  }
  return Datum(from_runes(runes));
}

constexpr Function rows[] = {
    {"camelcase", "s", camel_case}, {"snakecase", "s", snake_case},
    {"kebabcase", "s", kebab_case}, {"title", "s", title},
    {"untitle", "s", untitle},      {"swapcase", "s", swap_case},
};

}  // namespace

std::span<const Function> case_functions() { return rows; }

}  // namespace holdfast::gotmpl
