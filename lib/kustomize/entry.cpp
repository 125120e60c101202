// SPDX-License-Identifier: Apache-2.0
#include "kustomize/entry.h"

#include "base/text.h"
#include "kustomize/resource.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace holdfast::kustomize {
namespace {

std::string_view line_of(std::string_view text, int number) {
  for (int line = 1; line < number; ++line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// How far the places in a text are from those of the file that it is a literal block of ("|").
struct Shift {
  int lines = 0, columns = 0;
};

std::optional<Shift> shift_of(std::string_view file, const yaml::Position& start) {
  const auto header = line_of(file, start.line);
  const auto column = static_cast<std::size_t>(start.column - 1);
  if (column >= header.size() || header[column] != '|') return std::nullopt;
  // Whoever reads the text leaves out the empty lines before it.
  Shift shift{.lines = start.line};
  auto line = line_of(file, shift.lines + 1);
  while (trim(line).empty()) {
    if (line.data() == nullptr) return std::nullopt;
    line = line_of(file, ++shift.lines + 1);
  }
  shift.columns = static_cast<int>(line.find_first_not_of(' '));
  return shift;
}

// "name:3:5" → 3, 5.
std::optional<yaml::Position> position_in(std::string_view name, std::string_view place) {
  if (!place.starts_with(name) || place.substr(name.size(), 1) != ":") return std::nullopt;
  const auto numbers = split(place.substr(name.size() + 1), ':');
  if (numbers.size() != 2) return std::nullopt;
  yaml::Position out;
  for (auto [text, number] : {std::pair(numbers[0], &out.line), std::pair(numbers[1], &out.column)}) {
    const auto read = std::from_chars(text.data(), text.data() + text.size(), *number);
    if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  }
  return out;
}

}  // namespace

Entry::Entry(const Resource& config) : file_(config.at), document_(config.document), pointer_(config.root) {
  if (config.source == nullptr) return;
  file_ = file_of(config);
  text_ = std::shared_ptr<const std::string>(config.source, &config.source->text());
}

std::string Entry::place(std::string_view below) const {
  if (text_ == nullptr) return file_;
  return yaml::place(file_, yaml::locate(*text_, document_, pointer_ + std::string(below)));
}

Entry Entry::at(std::string_view below) const {
  return {file_, text_, document_, pointer_ + std::string(below)};
}

Error Entry::told_of_text(Error error, std::string_view name) const {
  Error out(error.code(), error.what());
  const auto start = text_ == nullptr ? yaml::Position() : yaml::locate(*text_, document_, pointer_);
  const auto shift = text_ == nullptr ? std::nullopt : shift_of(*text_, start);
  for (const auto& where : error.where()) {
    const auto note = std::min(where.find(" ("), where.size());  // what is there
    const auto inside = position_in(name, std::string_view(where).substr(0, note));
    std::string told = inside || where == name ? place() : where;
    if (inside && shift)
      told = yaml::place(file_, {inside->line + shift->lines, inside->column + shift->columns}) + where.substr(note);
    out = std::move(out).at(std::move(told));
  }
  for (const auto& cause : error.causes())
    out = std::move(out).because(cause);
  if (!error.context().empty()) out = std::move(out).within(error.context());
  return std::move(out).fix(std::string(error.fix_line()));
}

Error placed(Error error, const std::string& place) {
  if (!error.where().empty()) return error;
  return std::move(error).at(place);
}

}  // namespace holdfast::kustomize
