// SPDX-License-Identifier: Apache-2.0
#include "yaml/key_order.h"

#include "yaml/letters.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace holdfast::yaml {
namespace {

// The character at `at`, which starts one (keys are UTF-8; what is not is compared by bytes).
char32_t character(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<char32_t>(static_cast<unsigned char>(text[i])) : 0;
  };
  const auto tail = [&](std::size_t i) { return byte(at + i) & 0x3F; };
  const char32_t first = byte(at);
  if (first < 0xC0) return first;
  if (first < 0xE0) return (first & 0x1F) << 6 | tail(1);
  if (first < 0xF0) return (first & 0x0F) << 12 | tail(1) << 6 | tail(2);
  return (first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3);
}

bool is_letter(char32_t c) {
  if (c < 0x80) return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
  const auto* range = std::ranges::lower_bound(letters, c, {}, &CharacterRange::last);
  return range != letters.end() && range->first <= c;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct DigitRun {
  std::int64_t value;
  std::size_t end;

  DigitRun(std::string_view text, std::size_t at, bool after_digits)
      : value(after_digits ? 1 : 0), end(at) {
    // Go's int64 wraps in a long run; unsigned arithmetic does the same without undefined
    // behaviour.
    auto sum = static_cast<std::uint64_t>(value);
    while (end < text.size() && is_digit(text[end])) {
      sum = sum * 10 + static_cast<std::uint64_t>(text[end++] - '0');
    }
    value = static_cast<std::int64_t>(sum);
  }
};

}  // namespace

bool key_less(std::string_view left, std::string_view right) {
  const auto shorter = std::min(left.size(), right.size());
  auto at = static_cast<std::size_t>(
      std::mismatch(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(shorter),
                    right.begin())
          .first -
      left.begin());
  if (at == shorter) return left.size() < right.size();
  while (at > 0 && (left[at] & 0xC0) == 0x80)
    --at;  // to the character's first byte

  const auto a = character(left, at);
  const auto b = character(right, at);
  const bool a_letter = is_letter(a);
  const bool b_letter = is_letter(b);
  if (a_letter && b_letter) return a < b;
  if (a_letter || b_letter) return b_letter;

  bool after_digits = false;
  if (a == '0' || b == '0') {
    for (auto i = at; i > 0 && is_digit(left[i - 1]) && !after_digits; --i)
      after_digits = left[i - 1] != '0';
  }
  const DigitRun left_run(left, at, after_digits);
  const DigitRun right_run(right, at, after_digits);
  if (left_run.value != right_run.value) return left_run.value < right_run.value;
  if (left_run.end != right_run.end) return left_run.end < right_run.end;
  return a < b;
}

}  // namespace holdfast::yaml
