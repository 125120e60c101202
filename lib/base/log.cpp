// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <unistd.h>

#include <array>
#include <atomic>

#include "base/clock.h"
#include "base/text.h"

namespace holdfast::log {
namespace {

// The only process-wide state of the libraries: where log lines go is a property of the process.
std::atomic<Level> minimum = Level::info;
std::atomic<Format> shape = Format::text;

constexpr std::array<std::string_view, 4> names = {"debug", "info", "warn", "error"};

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : printable(text, 4096)) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

void configure(Level level, Format format) {
  minimum = level;
  shape = format;
}

std::optional<Level> parse_level(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Level>(i);
  }
  return std::nullopt;
}

bool enabled(Level level) { return level >= minimum.load(std::memory_order_relaxed); }

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  const auto time = format_rfc3339(SystemClock().wall());
  const auto name = names[static_cast<std::size_t>(level)];
  std::string line;
  if (shape.load(std::memory_order_relaxed) == Format::json) {
    line = fmt::format(R"({{"time":"{}","level":"{}","msg":{})", time, name, quoted(message));
    for (const auto& field : fields) {
      line += fmt::format(",\"{}\":{}", field.name, field.number ? field.value : quoted(field.value));
    }
    line += "}\n";
  } else {
    line = fmt::format("{} {:<5} {}", time, name, message);
    for (const auto& field : fields) line += fmt::format(" {}={}", field.name, field.number ? field.value : quoted(field.value));
    line += '\n';
  }
  // One write(2): lines of several threads do not mix. A log that cannot be written is not an error.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace holdfast::log
