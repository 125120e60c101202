// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace holdfast {
namespace {

// A pattern comes from outside: braces multiply, and each one is a level of recursion.
constexpr std::size_t alternatives_max = 1000;
constexpr std::size_t pattern_bytes_max = 4096;

std::size_t character_size(std::string_view text) {
  std::size_t size = 1;
  while (size < text.size() && (text[size] & 0xC0) == 0x80)
    ++size;
  return size;
}

// One "[…]": a single range, or characters of which '-' and '^' are two like others.
struct Class {
  std::size_t size;  // in the pattern
  bool negated;
  std::string_view low, high;  // of a range
  std::string characters;

  bool matches(std::string_view c) const {
    // UTF-8 sorts as its code points.
    if (!low.empty()) return (low <= c && c <= high) != negated;
    return (characters.find(c) != std::string::npos) != negated;
  }
};

// The class at the start of `pattern` (lexer.go fetchRange); nothing when it is broken.
std::optional<Class> read_class(std::string_view pattern) {
  std::size_t at = 1;
  const auto next = [&] {
    const auto c = pattern.substr(std::min(at, pattern.size()));
    const auto out = c.substr(0, c.empty() ? 0 : character_size(c));
    at += out.size();
    return out;
  };
  Class out{.size = 0, .negated = pattern.substr(at).starts_with('!'), .low = {}, .high = {}, .characters = {}};
  if (out.negated) ++at;
  const auto first = next();
  if (pattern.substr(std::min(at, pattern.size())).starts_with('-')) {
    ++at;
    out.low = first;
    out.high = next();
    if (out.high < out.low || next() != "]") return std::nullopt;
  } else {
    for (auto c = first; c != "]"; c = next()) {
      if (c == "\\") c = next();
      if (c.empty()) return std::nullopt;
      out.characters += c;
    }
    if (out.characters.empty()) return std::nullopt;
  }
  out.size = at;
  return out;
}

// Where the brace that opens at `open` ends: an open one at the end of the pattern.
std::size_t closing(std::string_view pattern, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '{') {
      ++depth;
    } else if (pattern[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return pattern.size();
}

// The parts between the commas of a brace's inside, inner braces whole.
std::vector<std::string_view> choices(std::string_view inside) {
  std::vector<std::string_view> out;
  std::size_t from = 0;
  int depth = 0;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\') {
      ++i;
    } else if (inside[i] == '{') {
      ++depth;
    } else if (inside[i] == '}') {
      --depth;
    } else if (inside[i] == ',' && depth == 0) {
      out.push_back(inside.substr(from, i - from));
      from = i + 1;
    }
  }
  out.push_back(inside.substr(std::min(from, inside.size())));
  return out;
}

// Appends the patterns without braces that `pattern` stands for. False when it is broken.
bool expand(const std::string& pattern, std::vector<std::string>& out) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '[') {
      const auto found = read_class(std::string_view(pattern).substr(i));
      if (!found) return false;
      i += found->size - 1;
    } else if (pattern[i] == '{') {
      const auto end = closing(pattern, i);
      const auto rest = end < pattern.size() ? pattern.substr(end + 1) : std::string();
      for (const auto choice : choices(std::string_view(pattern).substr(i + 1, end - i - 1))) {
        const auto one = pattern.substr(0, i) + std::string(choice) + rest;
        if (!expand(one, out)) return false;
      }
      return true;
    }
  }
  out.push_back(pattern);
  return out.size() <= alternatives_max;
}

// One pattern without braces against one text, with a point to go back to for each kind of star.
class Matcher {
 public:
  Matcher(std::string_view pattern, std::string_view text, GlobMode mode)
      : pattern_(pattern), text_(text), mode_(mode) {}

  bool run() {
    while (p_ < pattern_.size() || t_ < text_.size()) {
      if (p_ < pattern_.size() && pattern_[p_] == '*') {
        star();
      } else if (!step() && !go_back()) {
        return false;
      }
    }
    return true;
  }

 private:
  struct Star {
    std::size_t pattern;  // what follows it
    std::size_t text;     // where its match ends
  };

  void star() {
    std::size_t stars = 0;
    while (p_ < pattern_.size() && pattern_[p_] == '*')
      ++p_, ++stars;
    if (mode_ == GlobMode::plain || stars > 1) {
      wide_ = Star{p_, t_};
      narrow_.reset();
    } else {
      narrow_ = Star{p_, t_};
    }
  }

  // Matches one element of the pattern with one character.
  bool step() {
    if (p_ == pattern_.size() || t_ == text_.size()) return false;
    const auto c = text_.substr(t_, character_size(text_.substr(t_)));
    std::size_t length = 1;
    bool matches = false;
    switch (pattern_[p_]) {
      case '?':
        matches = (mode_ == GlobMode::plain || c != "/") && (c.size() == 1 || pattern_.size() == 1);
        break;
      case '[': {
        const auto found = read_class(pattern_.substr(p_)).value();
        length = found.size;
        matches = found.matches(c) && (c.size() == 1 || pattern_.size() == length);
        break;
      }
      case '\\':
        if (p_ + 1 < pattern_.size()) {
          length = 1 + character_size(pattern_.substr(p_ + 1));
          matches = pattern_.substr(p_ + 1, length - 1) == c;
        }
        break;
      default:
        length = character_size(pattern_.substr(p_));
        matches = pattern_.substr(p_, length) == c;
    }
    if (!matches) return false;
    p_ += length;
    t_ += c.size();
    return true;
  }

  // Lets the nearest star match one character more.
  bool go_back() {
    if (narrow_ && narrow_->text < text_.size() && text_[narrow_->text] != '/') {
      narrow_->text += character_size(text_.substr(narrow_->text));
      p_ = narrow_->pattern;
      t_ = narrow_->text;
      return true;
    }
    if (!wide_ || wide_->text >= text_.size()) return false;
    narrow_.reset();
    wide_->text += character_size(text_.substr(wide_->text));
    p_ = wide_->pattern;
    t_ = wide_->text;
    return true;
  }

  std::string_view pattern_;
  std::string_view text_;
  GlobMode mode_;
  std::size_t p_ = 0;
  std::size_t t_ = 0;
  std::optional<Star> narrow_;
  std::optional<Star> wide_;
};

// "a*b": gobwas looks at the two ends alone, which may share characters (match/prefix_suffix.go), so
// "d/**/x" matches "d/x". Charts count on it.
bool ends_match(std::string_view pattern, std::string_view text, GlobMode mode) {
  const auto star = pattern.find('*');
  const auto after = pattern.find_last_of('*') + 1;
  const bool stars_only = pattern.substr(star, after - star).find_first_not_of('*') == std::string_view::npos;
  const bool wide = mode == GlobMode::plain || after - star == 2;
  return stars_only && wide && text.starts_with(pattern.substr(0, star)) && text.ends_with(pattern.substr(after));
}

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text, GlobMode mode) {
  std::vector<std::string> alternatives;
  if (pattern.size() > pattern_bytes_max) return false;
  const bool literal_ends = pattern.find_first_of("[]{}?\\") == std::string_view::npos &&
                            pattern.find('*') != std::string_view::npos &&
                            !pattern.starts_with('*') && !pattern.ends_with('*');
  if (literal_ends && ends_match(pattern, text, mode)) return true;
  if (!expand(std::string(pattern), alternatives)) return false;
  for (const auto& alternative : alternatives) {
    if (Matcher(alternative, text, mode).run()) return true;
  }
  return false;
}

std::vector<std::string> glob_alternatives(std::string_view pattern) {
  std::vector<std::string> alternatives;
  if (pattern.size() > pattern_bytes_max || !expand(std::string(pattern), alternatives)) alternatives.clear();
  return alternatives;
}

bool glob_valid(std::string_view pattern) {
  std::vector<std::string> alternatives;
  return pattern.size() <= pattern_bytes_max && expand(std::string(pattern), alternatives);
}

}  // namespace holdfast
