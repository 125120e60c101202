// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>

namespace holdfast {

Error Error::at(std::string where) && {
  where_.push_back(std::move(where));
  return std::move(*this);
}

Error Error::because(std::string cause) && {
  because_.push_back(std::move(cause));
  return std::move(*this);
}

Error Error::fix(std::string line) && {
  fix_ = std::move(line);
  return std::move(*this);
}

Error Error::within(std::string_view context) && {
  context_ = context_.empty() ? std::string(context) : fmt::format("{}: {}", context, context_);
  return std::move(*this);
}

std::string_view Error::fix_line() const { return fix_ ? std::string_view(*fix_) : row_of(code_).fix; }

std::string Error::message() const {
  std::string out = context_.empty() ? what_ : fmt::format("{}: {}", context_, what_);
  if (!where_.empty()) out += fmt::format(" ({})", fmt::join(where_, "; "));
  if (!because_.empty()) out += fmt::format(": {}", fmt::join(because_, ": "));
  return out;
}

namespace {

// Continuation lines are indented under the first, so that a multi-line cause stays readable.
void append_part(std::string& out, std::string_view label, std::string_view text) {
  std::string_view head = label;
  while (true) {
    const auto end = text.find('\n');
    out += fmt::format("  {:<8} {}\n", head, text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
    head = "";
  }
}

}  // namespace

std::string render_error(const Error& error, std::string_view changed) {
  const auto& row = row_of(error.code());
  std::string out = fmt::format("error {}: {}\n", row.name, error.what());
  std::string_view label = "where:";
  for (const auto& where : error.where()) {
    append_part(out, label, where);
    label = "";
  }
  if (!error.context().empty()) append_part(out, "while:", error.context());
  label = "because:";
  for (const auto& cause : error.causes()) {
    append_part(out, label, cause);
    label = "";
  }
  if (!changed.empty()) out += fmt::format("  {}\n", changed);
  append_part(out, "fix:", error.fix_line());
  append_part(out, "more:", fmt::format("holdfast explain {}", row.name));
  return out;
}

namespace detail {

void check_failed(const char* condition, const char* file, int line) {
  fmt::print(stderr, "holdfast: broken assumption: {} at {}:{}\n", condition, file, line);
  std::abort();
}

}  // namespace detail
}  // namespace holdfast
