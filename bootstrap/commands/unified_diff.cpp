// SPDX-License-Identifier: Apache-2.0
#include "commands/unified_diff.h"

#include <algorithm>
#include <vector>

#include "base/result.h"
#include "base/text.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::size_t context_lines = 3;
// The table of the longest common subsequence has this many cells at most.
constexpr std::size_t cells_max = 16'000'000;

struct Line {
  char sign;  // ' ', '-', '+'
  std::string_view text;
};

std::vector<std::string_view> lines_of(std::string_view text) {
  auto lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

// What differs between two middles, by the longest common subsequence.
void add_middle(const std::vector<std::string_view>& before, const std::vector<std::string_view>& after, std::vector<Line>& out) {
  const std::size_t rows = before.size(), columns = after.size();
  if (rows * columns > cells_max) {
    for (const auto line : before) out.push_back({'-', line});
    for (const auto line : after) out.push_back({'+', line});
    return;
  }
  std::vector<std::uint32_t> length((rows + 1) * (columns + 1));
  const auto at = [&](std::size_t row, std::size_t column) -> std::uint32_t& { return length[row * (columns + 1) + column]; };
  for (std::size_t row = rows; row-- > 0;) {
    for (std::size_t column = columns; column-- > 0;) {
      at(row, column) = before[row] == after[column] ? at(row + 1, column + 1) + 1 : std::max(at(row + 1, column), at(row, column + 1));
    }
  }
  std::size_t row = 0, column = 0;
  while (row < rows || column < columns) {
    if (row < rows && column < columns && before[row] == after[column]) {
      out.push_back({' ', before[row]});
      ++row, ++column;
    } else if (row < rows && (column == columns || at(row + 1, column) >= at(row, column + 1))) {
      out.push_back({'-', before[row++]});
    } else {
      out.push_back({'+', after[column++]});
    }
  }
}

std::vector<Line> all_lines(std::vector<std::string_view> before, std::vector<std::string_view> after) {
  std::vector<Line> out;
  std::size_t start = 0;
  while (start < before.size() && start < after.size() && before[start] == after[start]) out.push_back({' ', before[start++]});
  std::size_t end = 0;
  while (end < before.size() - start && end < after.size() - start && before[before.size() - 1 - end] == after[after.size() - 1 - end]) ++end;
  const auto middle = [&](const std::vector<std::string_view>& lines) {
    return std::vector<std::string_view>(lines.begin() + static_cast<std::ptrdiff_t>(start), lines.end() - static_cast<std::ptrdiff_t>(end));
  };
  add_middle(middle(before), middle(after), out);
  for (std::size_t i = before.size() - end; i < before.size(); ++i) out.push_back({' ', before[i]});
  return out;
}

std::string range_text(std::size_t first, std::size_t count) {
  if (count == 1) return fmt::format("{}", first);
  return fmt::format("{},{}", count == 0 ? first - 1 : first, count);
}

}  // namespace

std::string unified_diff(std::string_view before, std::string_view after) {
  const auto lines = all_lines(lines_of(before), lines_of(after));
  std::string out;
  std::size_t at = 0, old_line = 1, new_line = 1;
  while (at < lines.size()) {
    if (lines[at].sign == ' ') {
      ++at, ++old_line, ++new_line;
      continue;
    }
    const std::size_t lead = std::min(context_lines, at);
    std::size_t from = at - lead, to = at, quiet = 0;
    // A hunk goes on while the next change is near.
    for (std::size_t i = at; i < lines.size() && quiet <= 2 * context_lines; ++i) {
      quiet = lines[i].sign == ' ' ? quiet + 1 : 0;
      if (quiet == 0) to = i + 1;
    }
    // A change before this hunk has taken its own lines after it.
    const std::size_t end = std::min(lines.size(), to + context_lines);
    std::string body;
    std::size_t removed = 0, added = 0;
    for (std::size_t i = from; i < end; ++i) {
      body += fmt::format("{}{}\n", lines[i].sign, lines[i].text);
      removed += lines[i].sign != '+' ? 1U : 0U;
      added += lines[i].sign != '-' ? 1U : 0U;
    }
    out += fmt::format("@@ -{} +{} @@\n{}", range_text(old_line - lead, removed), range_text(new_line - lead, added), body);
    for (; at < end; ++at) {
      old_line += lines[at].sign != '+' ? 1U : 0U;
      new_line += lines[at].sign != '-' ? 1U : 0U;
    }
  }
  return out;
}

}  // namespace holdfast::bootstrap
