// SPDX-License-Identifier: Apache-2.0
// Patterns of Lua 5.4 (its manual, 6.4.1), matched with a count of steps. Lua's own matcher tries all ways that there
// are, for hours where a pattern has a few repetitions and a text some kilobytes, and no hook is called meanwhile.
// It knows no Lua.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::health {

// One attempt after another of one pattern on one text. Trivially destructible: Lua's errors jump over it.
class PatternMatch {
 public:
  enum class Outcome {
    matched,
    none,
    wrong,      // problem() says what is wrong with the pattern
    exhausted,  // no step is left
  };

  struct Capture {
    std::size_t begin = 0, size = 0;
    bool position = false;  // "()": begin is what was captured
  };

  // `pattern` without the "^" that anchors it. `steps` is counted down, one for each character looked at.
  PatternMatch(std::string_view text, std::string_view pattern, std::int64_t& steps) : text_(text), pattern_(pattern), steps_(steps) {}

  // A match that begins there.
  Outcome at(std::size_t begin);
  // The first that begins there or later.
  Outcome from(std::size_t begin);

  // Of the last match; also the captures.
  [[nodiscard]] std::size_t begin() const { return begin_; }
  [[nodiscard]] std::size_t end() const { return end_; }
  [[nodiscard]] std::size_t captures() const { return count_; }
  [[nodiscard]] const Capture& capture(std::size_t index) const { return captures_[index]; }
  [[nodiscard]] const char* problem() const { return problem_; }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  // Each returns the end of the match of the pattern from `item` on with the text from `at` on, or none.
  std::size_t match(std::size_t at, std::size_t item);
  std::optional<std::size_t> match_special(std::size_t at, std::size_t item);  // nothing: the item is none of these
  std::size_t match_repeated(std::size_t at, std::size_t item, std::size_t after);
  std::size_t match_longest(std::size_t at, std::size_t item, std::size_t after);
  std::size_t match_shortest(std::size_t at, std::size_t item, std::size_t after);
  std::size_t open_capture(std::size_t at, std::size_t item);
  std::size_t close_capture(std::size_t at, std::size_t item);
  std::size_t match_balanced(std::size_t at, std::size_t item);
  std::size_t match_border(std::size_t at, std::size_t item);
  std::size_t match_again(std::size_t at, std::size_t item);

  std::size_t end_of_single(std::size_t item);
  std::size_t end_of_set(std::size_t item);
  bool is_single(std::size_t at, std::size_t item, std::size_t after);
  [[nodiscard]] bool is_in_set(unsigned char c, std::size_t item, std::size_t after) const;
  bool step();
  std::size_t fail(const char* problem);

  std::string_view text_, pattern_;
  std::int64_t& steps_;
  std::array<Capture, 32> captures_{};
  std::array<bool, 32> open_{};
  std::size_t count_ = 0, begin_ = 0, end_ = 0;
  int depth_ = 0;
  bool exhausted_ = false;
  const char* problem_ = nullptr;
};

}  // namespace holdfast::health
