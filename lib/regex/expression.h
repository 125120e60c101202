// SPDX-License-Identifier: Apache-2.0
// Go's regexp through RE2: the same engine and syntax, linear in the text whatever the expression. The
// door to RE2. What differs is made equal here: (?<name>…), \C, the words of a refusal, the walk over
// empty matches.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::regex {

struct Match {
  std::vector<std::optional<std::string_view>> groups;  // [0] is the whole; parts of the text searched
};

class Expression {
 public:
  // Refuses in the words of Go's regexp: "error parsing regexp: missing closing ]: `[`". A program takes
  // at most 8 MiB.
  static std::expected<Expression, std::string> compile(std::string_view pattern);
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;
  ~Expression();

  // Anywhere in the text.
  [[nodiscard]] bool matches(std::string_view text) const;
  // Up to `limit` matches, all when it is negative, with their groups when asked for.
  enum class Groups { whole, all };
  [[nodiscard]] std::vector<Match> find(std::string_view text, std::int64_t limit,
                                        Groups groups = Groups::whole) const;
  // Where in Match::groups a named group is.
  [[nodiscard]] std::optional<std::size_t> group(std::string_view name) const;

 private:
  struct Compiled;
  explicit Expression(std::unique_ptr<const Compiled> compiled);

  std::unique_ptr<const Compiled> compiled_;
};

}  // namespace holdfast::regex
