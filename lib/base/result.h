// SPDX-License-Identifier: Apache-2.0
// The one error idiom: a function that can fail returns Result<T>; TRY passes a failure on.
// An Error carries what, where, because and fix apart, so that the terminal, a status condition and
// JSON each print it in their own shape. It never carries a secret.
//
// base is the bottom layer: everything here could reasonably be needed by every module, depends on
// nothing of ours, and its only third-party dependency is {fmt}.
#pragma once

#include <fmt/core.h>

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/codes.h"

namespace holdfast {

class [[nodiscard]] Error {
 public:
  // `what`: one sentence, lower case, no final stop, values in quotes.
  Error(Code code, std::string what) : code_(code), what_(std::move(what)) {}

  // One line of "where": an object, file:line:col, or the offending value. The innermost comes first.
  Error at(std::string where) &&;
  // The cause in the words of the system below, verbatim.
  Error because(std::string cause) &&;
  // Instead of the code's own fix.
  Error fix(std::string line) &&;
  // What was being attempted by the caller; grows outwards: within("b").within("a") is "a: b: what".
  Error within(std::string_view context) &&;

  [[nodiscard]] Code code() const { return code_; }
  [[nodiscard]] const std::string& what() const { return what_; }
  [[nodiscard]] const std::vector<std::string>& where() const { return where_; }
  [[nodiscard]] const std::vector<std::string>& causes() const { return because_; }
  [[nodiscard]] const std::string& context() const { return context_; }
  [[nodiscard]] std::string_view fix_line() const;

  // Everything but code and fix on one line, for logs and status conditions:
  // "context: what (where; where): because".
  [[nodiscard]] std::string message() const;

 private:
  Code code_;
  std::string what_;
  std::vector<std::string> where_;
  std::vector<std::string> because_;
  std::string context_;
  std::optional<std::string> fix_;
};

// "error HF-E-1234: what / where / because / changed / fix / more", the shape every command prints.
// `changed` is the line that says what was changed ("nothing was changed").
std::string render_error(const Error& error, std::string_view changed);

// A class of its own because an alias of std::expected would lose [[nodiscard]] (libstdc++ 12).
template <class T = void>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
  // Of one's own, so that `return {};` does not write zeros over the place of the error first, which
  // was a sixth of what reading YAML took.
  constexpr Result()
    requires std::is_default_constructible_v<std::expected<T, Error>>
  {}
};

// Makes the failure side: return failure(Code::limit, "file is {} bytes, the limit is {}", a, b);
template <class... Args>
std::unexpected<Error> failure(Code code, fmt::format_string<Args...> format, Args&&... args) {
  return std::unexpected<Error>(Error(code, fmt::format(format, std::forward<Args>(args)...)));
}

inline std::unexpected<Error> failure(Error error) {
  return std::unexpected<Error>(std::move(error));
}

namespace detail {

inline Error with_context(Error error) { return error; }

template <class... Args>
Error with_context(Error error, fmt::format_string<Args...> format, Args&&... args) {
  return std::move(error).within(fmt::format(format, std::forward<Args>(args)...));
}

// By value: a statement expression that ends in an xvalue would refer to its own dead temporary.
template <class T>
T take(Result<T>&& result) {
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace detail

// T x = TRY(expression);            passes the failure on
// T x = TRY(expression, "reading {}", path);   with context, formatted only on failure
// The next character must be ';' : g++ 12.2 leaks already-built elements when it returns out of a
// braced initialiser (GCC PR 66139). tests/tidy checks it.
#define TRY(expression, ...)                                                                       \
  ({                                                                                               \
    auto&& try_result = (expression);                                                              \
    if (!try_result) [[unlikely]] {                                                                \
      return std::unexpected<::holdfast::Error>(::holdfast::detail::with_context(                  \
          std::move(try_result).error() __VA_OPT__(, ) __VA_ARGS__));                              \
    }                                                                                              \
    ::holdfast::detail::take(std::move(try_result));                                               \
  })

// A broken assumption of ours: stops the program with its place, in release too.
#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      ::holdfast::detail::check_failed(#condition, __FILE__, __LINE__);                            \
  } while (false)

}  // namespace holdfast
