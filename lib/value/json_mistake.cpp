// SPDX-License-Identifier: Apache-2.0
#include "value/json_mistake.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/text.h"

namespace holdfast::json {
namespace {

class Scanner {
 public:
  Scanner(std::string_view text, const Limits& limits) : text_(text), limits_(limits) {}

  // True when the text ends where its one value does.
  bool scan() {
    enum class Next { value, first_or_close, key, after_value };
    Next next = Next::value;
    while (true) {
      skip_space();
      if (next == Next::after_value && open_.empty()) return at_ == text_.size();
      if (at_ == text_.size()) return false;
      const char c = text_[at_];
      const bool in_map = !open_.empty() && open_.back() == '}';
      if (c == (open_.empty() ? '\0' : open_.back()) && (next == Next::after_value || next == Next::first_or_close)) {
        open_.pop_back();
        ++at_;
        next = Next::after_value;
      } else if (next == Next::after_value) {
        if (c != ',') return false;
        ++at_;
        next = in_map ? Next::key : Next::value;
      } else if (in_map && next != Next::value) {
        if (!key()) return false;
        next = Next::value;
      } else if (c == '{' || c == '[') {
        if (++nodes_ > limits_.nodes || open_.size() >= static_cast<std::size_t>(limits_.depth)) return false;
        open_.push_back(c == '{' ? '}' : ']');
        ++at_;
        next = Next::first_or_close;
      } else {
        if (++nodes_ > limits_.nodes || !scalar(c)) return false;
        next = Next::after_value;
      }
    }
  }

  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool key() {
    if (text_[at_] != '"' || !string()) return false;
    skip_space();
    if (at_ == text_.size() || text_[at_] != ':') return false;
    ++at_;
    return true;
  }

  bool scalar(char first) {
    if (first == '"') return string();
    for (const std::string_view word : {"true", "false", "null"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return true;
    }
    return number();
  }

  // Stays at a wrong escape or control character, at the opening quote when nothing closes it.
  bool string() {
    const auto begin = at_++;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (static_cast<unsigned char>(text_[at_]) < 0x20) return false;
      const bool escape = text_[at_] == '\\' && at_ + 1 < text_.size();
      if (escape && std::string_view("\"\\/bfnrtu").find(text_[at_ + 1]) == std::string_view::npos) return false;
      at_ += escape ? 2 : 1;
    }
    if (at_ >= text_.size()) {
      at_ = begin;
      return false;
    }
    ++at_;
    return true;
  }

  bool number() {
    const auto end = std::min(text_.find_first_not_of("0123456789.eE+-", at_), text_.size());
    const auto written = text_.substr(at_, end - at_);
    const auto digit = written.starts_with('-') ? 1U : 0U;
    if (written.size() <= digit || written[digit] < '0' || written[digit] > '9') return false;
    if (written[digit] == '0' && written.size() > digit + 1 && written[digit + 1] >= '0' && written[digit + 1] <= '9') return false;
    double held = 0;
    const auto read = std::from_chars(written.data(), written.data() + written.size(), held);
    if (read.ec != std::errc() || read.ptr != written.data() + written.size()) return false;
    at_ = end;
    return true;
  }

  std::string_view text_;
  const Limits& limits_;
  std::string open_;  // what closes each collection that is open
  std::size_t at_ = 0, nodes_ = 0;
};

}  // namespace

std::optional<std::size_t> find_mistake(std::string_view text, const Limits& limits) {
  if (const auto bad = find_invalid_utf8(text)) return bad;
  Scanner scanner(text, limits);
  if (scanner.scan()) return std::nullopt;
  return scanner.at();
}

std::string place_of(std::string_view name, std::string_view text, std::size_t offset) {
  const auto before = text.substr(0, offset);
  const auto line_begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  const auto column = std::ranges::count_if(before.substr(line_begin), [](char c) { return (c & 0xC0) != 0x80; });
  return fmt::format("{}:{}:{}", name, 1 + std::ranges::count(before, '\n'), 1 + column);
}

}  // namespace holdfast::json
