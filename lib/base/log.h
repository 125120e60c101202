// SPDX-License-Identifier: Apache-2.0
// Structured logging: a constant message and named values. error = a person must act; warn = degraded
// but self-healing; info = state changed; debug = everything else. What a command prints for its user
// is not logging. Thread-safe; one line per call, written at once.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace holdfast::log {

enum class Level { debug, info, warn, error };
enum class Format { text, json };

// A field's value is formatted at once; Secret has no formatter, so it does not compile here.
struct Field {
  template <class T>
  Field(std::string_view field_name, const T& field_value)
      : name(field_name), value(fmt::format("{}", field_value)), number(std::is_arithmetic_v<T>) {}

  std::string_view name;
  std::string value;
  bool number;
};

using Fields = std::initializer_list<Field>;

// Set once by main() before threads start.
void configure(Level level, Format format);
std::optional<Level> parse_level(std::string_view name);

bool enabled(Level level);
void write(Level level, std::string_view message, Fields fields);

inline void debug(std::string_view message, Fields fields = {}) {
  if (enabled(Level::debug)) write(Level::debug, message, fields);
}
inline void info(std::string_view message, Fields fields = {}) {
  if (enabled(Level::info)) write(Level::info, message, fields);
}
inline void warn(std::string_view message, Fields fields = {}) { write(Level::warn, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { write(Level::error, message, fields); }

}  // namespace holdfast::log
