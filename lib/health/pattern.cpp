// SPDX-License-Identifier: Apache-2.0
#include "health/pattern.h"

#include <algorithm>
#include <span>

namespace holdfast::health {
namespace {

// Of items that are being matched at once, each on the stack.
constexpr int depth_max = 200;

bool is_between(unsigned char c, char low, char high) { return c >= static_cast<unsigned char>(low) && c <= static_cast<unsigned char>(high); }

bool is_lower(unsigned char c) { return is_between(c, 'a', 'z'); }
bool is_upper(unsigned char c) { return is_between(c, 'A', 'Z'); }
bool is_digit(unsigned char c) { return is_between(c, '0', '9'); }
bool is_alphanumeric(unsigned char c) { return is_lower(c) || is_upper(c) || is_digit(c); }
bool is_visible(unsigned char c) { return is_between(c, '!', '~'); }

// %a, %A, …; a letter that names no class, and all else, means itself.
bool is_of_class(unsigned char c, char name) {
  const bool negated = is_upper(static_cast<unsigned char>(name));
  bool is = false;
  switch (negated ? static_cast<char>(name - 'A' + 'a') : name) {
    case 'a': is = is_lower(c) || is_upper(c); break;
    case 'c': is = c < ' ' || c == 0x7f; break;
    case 'd': is = is_digit(c); break;
    case 'g': is = is_visible(c); break;
    case 'l': is = is_lower(c); break;
    case 'p': is = is_visible(c) && !is_alphanumeric(c); break;
    case 's': is = c == ' ' || is_between(c, '\t', '\r'); break;
    case 'u': is = is_upper(c); break;
    case 'w': is = is_alphanumeric(c); break;
    case 'x': is = is_digit(c) || is_between(c, 'a', 'f') || is_between(c, 'A', 'F'); break;
    default: return static_cast<unsigned char>(name) == c;
  }
  return is != negated;
}

}  // namespace

bool PatternMatch::step() {
  if (--steps_ >= 0) return true;
  exhausted_ = true;
  return false;
}

std::size_t PatternMatch::fail(const char* problem) {
  if (problem_ == nullptr) problem_ = problem;
  return none;
}

PatternMatch::Outcome PatternMatch::at(std::size_t begin) {
  count_ = 0;
  begin_ = begin;
  end_ = match(begin, 0);
  if (exhausted_) return Outcome::exhausted;
  const bool unclosed = std::ranges::count(std::span(open_).first(count_), true) > 0;
  if (end_ != none && unclosed) fail("a capture of the pattern is not closed");
  if (problem_ != nullptr) return Outcome::wrong;
  return end_ == none ? Outcome::none : Outcome::matched;
}

PatternMatch::Outcome PatternMatch::from(std::size_t begin) {
  for (std::size_t here = begin; here <= text_.size(); ++here) {
    const auto outcome = at(here);
    if (outcome != Outcome::none) return outcome;
  }
  return Outcome::none;
}

// Items that stand for one character follow each other in the loop; all others, and repetitions, call for the rest.
std::size_t PatternMatch::match(std::size_t at, std::size_t item) {
  if (++depth_ > depth_max) {
    --depth_;
    return fail("the pattern is too complex");
  }
  std::size_t result = none;
  while (step() && problem_ == nullptr) {
    if (item == pattern_.size()) {
      result = at;
      break;
    }
    if (const auto special = match_special(at, item)) {
      result = *special;
      break;
    }
    const auto after = end_of_single(item);
    if (after == none) break;
    const char mark = after < pattern_.size() ? pattern_[after] : '\0';
    if (mark == '*' || mark == '+' || mark == '-' || mark == '?') {
      result = match_repeated(at, item, after);
      break;
    }
    if (!is_single(at, item, after)) break;
    ++at;
    item = after;
  }
  --depth_;
  return exhausted_ || problem_ != nullptr ? none : result;
}

std::optional<std::size_t> PatternMatch::match_special(std::size_t at, std::size_t item) {
  const char next = item + 1 < pattern_.size() ? pattern_[item + 1] : '\0';
  switch (pattern_[item]) {
    case '(': return open_capture(at, item);
    case ')': return close_capture(at, item);
    case '$':
      if (item + 1 != pattern_.size()) break;
      return at == text_.size() ? at : none;
    case '%':
      if (next == 'b') return match_balanced(at, item);
      if (next == 'f') return match_border(at, item);
      if (is_digit(static_cast<unsigned char>(next))) return match_again(at, item);
      break;
    default: break;
  }
  return std::nullopt;
}

std::size_t PatternMatch::match_repeated(std::size_t at, std::size_t item, std::size_t after) {
  switch (pattern_[after]) {
    case '*': return match_longest(at, item, after);
    case '-': return match_shortest(at, item, after);
    case '+': return is_single(at, item, after) ? match_longest(at + 1, item, after) : none;
    default: break;
  }
  if (is_single(at, item, after)) {
    const auto end = match(at + 1, after + 1);
    if (end != none) return end;
  }
  return match(at, after + 1);
}

std::size_t PatternMatch::match_longest(std::size_t at, std::size_t item, std::size_t after) {
  std::size_t count = 0;
  while (step() && is_single(at + count, item, after)) ++count;
  while (true) {
    const auto end = match(at + count, after + 1);
    if (end != none || count == 0 || exhausted_ || problem_ != nullptr) return end;
    --count;
  }
}

std::size_t PatternMatch::match_shortest(std::size_t at, std::size_t item, std::size_t after) {
  while (true) {
    const auto end = match(at, after + 1);
    if (end != none || exhausted_ || problem_ != nullptr || !is_single(at, item, after)) return end;
    ++at;
  }
}

std::size_t PatternMatch::open_capture(std::size_t at, std::size_t item) {
  if (count_ == captures_.size()) return fail("the pattern has too many captures");
  const bool position = item + 1 < pattern_.size() && pattern_[item + 1] == ')';
  captures_[count_] = {at, 0, position};
  open_[count_] = !position;
  ++count_;
  const auto end = match(at, item + (position ? 2 : 1));
  if (end == none) --count_;
  return end;
}

std::size_t PatternMatch::close_capture(std::size_t at, std::size_t item) {
  std::size_t index = count_;
  while (index > 0 && !open_[index - 1]) --index;
  if (index == 0) return fail("the pattern closes a capture that is not open");
  --index;
  open_[index] = false;
  captures_[index].size = at - captures_[index].begin;
  const auto end = match(at, item + 1);
  if (end == none) open_[index] = true;
  return end;
}

std::size_t PatternMatch::match_balanced(std::size_t at, std::size_t item) {
  if (item + 3 >= pattern_.size()) return fail("%b of the pattern wants two characters");
  const char opens = pattern_[item + 2], closes = pattern_[item + 3];
  if (at >= text_.size() || text_[at] != opens) return none;
  std::size_t open = 1;
  for (std::size_t here = at + 1; here < text_.size() && step(); ++here) {
    if (text_[here] == closes) {
      if (--open == 0) return match(here + 1, item + 4);
    } else if (text_[here] == opens) {
      ++open;
    }
  }
  return none;
}

std::size_t PatternMatch::match_border(std::size_t at, std::size_t item) {
  if (item + 2 >= pattern_.size() || pattern_[item + 2] != '[') return fail("%f of the pattern wants a set");
  const auto after = end_of_set(item + 2);
  if (after == none) return none;
  const char before = at == 0 ? '\0' : text_[at - 1], here = at < text_.size() ? text_[at] : '\0';
  if (is_in_set(static_cast<unsigned char>(before), item + 2, after) || !is_in_set(static_cast<unsigned char>(here), item + 2, after)) return none;
  return match(at, after);
}

std::size_t PatternMatch::match_again(std::size_t at, std::size_t item) {
  const auto index = static_cast<std::size_t>(pattern_[item + 1] - '1');  // of %0 far too large
  if (index >= count_ || open_[index]) return fail("the pattern refers to a capture that is not there");
  const Capture& capture = captures_[index];
  const auto size = capture.position ? 0 : capture.size;
  steps_ -= static_cast<std::int64_t>(size);
  if (text_.size() - at < size || text_.substr(at, size) != text_.substr(capture.begin, size)) return none;
  return match(at + size, item + 2);
}

std::size_t PatternMatch::end_of_single(std::size_t item) {
  if (pattern_[item] == '[') return end_of_set(item);
  if (pattern_[item] != '%') return item + 1;
  return item + 1 < pattern_.size() ? item + 2 : fail("the pattern ends with '%'");
}

std::size_t PatternMatch::end_of_set(std::size_t item) {
  std::size_t here = item + 1;
  if (here < pattern_.size() && pattern_[here] == '^') ++here;
  // A "]" that comes first is one of the set.
  for (bool first = true; here < pattern_.size() && step(); first = false) {
    if (pattern_[here] == ']' && !first) return here + 1;
    here += pattern_[here] == '%' ? 2U : 1U;
  }
  return exhausted_ ? none : fail("a set of the pattern has no ']'");
}

bool PatternMatch::is_single(std::size_t at, std::size_t item, std::size_t after) {
  if (at >= text_.size()) return false;
  const auto c = static_cast<unsigned char>(text_[at]);
  switch (pattern_[item]) {
    case '.': return true;
    case '%': return is_of_class(c, pattern_[item + 1]);
    case '[':
      steps_ -= static_cast<std::int64_t>(after - item);
      return is_in_set(c, item, after);
    default: return static_cast<unsigned char>(pattern_[item]) == c;
  }
}

bool PatternMatch::is_in_set(unsigned char c, std::size_t item, std::size_t after) const {
  const std::size_t last = after - 1;  // its "]"
  std::size_t here = item + 1;
  const bool negated = pattern_[here] == '^';
  if (negated) ++here;
  while (here < last) {
    if (pattern_[here] == '%') {
      if (is_of_class(c, pattern_[here + 1])) return !negated;
      here += 2;
    } else if (here + 2 < last && pattern_[here + 1] == '-') {
      if (is_between(c, pattern_[here], pattern_[here + 2])) return !negated;
      here += 3;
    } else {
      if (static_cast<unsigned char>(pattern_[here]) == c) return !negated;
      ++here;
    }
  }
  return negated;
}

}  // namespace holdfast::health
