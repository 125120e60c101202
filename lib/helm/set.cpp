// SPDX-License-Identifier: Apache-2.0
#include "helm/set.h"

#include "base/ascii.h"
#include "base/text.h"
#include "helm/chart.h"
#include "helm/values.h"
#include "value/json.h"

#include <charconv>

namespace holdfast::helm {
namespace {

constexpr std::size_t index_max = 65536;  // strvals.MaxIndex
constexpr int nesting_max = 30;           // strvals.MaxNestedNameLevel

std::unexpected<Error> set_failure(std::string what) {
  return failure(Code::chart_values, "{}", std::move(what));
}

// "true", "NULL", "-12": what --set takes for more than text. A leading zero makes a number text.
Value typed_value(std::string_view text) {
  const auto lower = ascii_lower(text);
  if (lower == "true") return true;
  if (lower == "false") return false;
  if (lower == "null") return nullptr;
  if (text == "0") return 0;
  if (text.empty() || text.starts_with('0')) return text;
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t number = 0;
  const auto end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, number);
  const bool whole = read.ec == std::errc() && read.ptr == end && !digits.starts_with('+') &&
                     !(text.starts_with('+') && digits.starts_with('-'));
  return whole ? Value(number) : Value(text);
}

class Parser {
 public:
  Parser(std::string_view text, SetKind kind, const FileReader* read = nullptr)
      : text_(text), kind_(kind), read_(read) {}

  Result<> assignments(Object& values) {
    // Helm 4: an object without a key.
    if (kind_ == SetKind::json && trim(text_).starts_with('{')) {
      Value whole = TRY(json_of(text_));
      merge_documents(values, *whole.as_object());
      return {};
    }
    while (!at_end())
      TRY(key(values, 0));
    return {};
  }

  // The key alone, its value given.
  Result<> assign(Object& values, Value value) {
    given_ = std::move(value);
    has_given_ = true;
    return key(values, 0);
  }

 private:
  [[nodiscard]] bool at_end() const { return at_ >= text_.size(); }

  // Text up to one of `stops` (consumed into stop_), backslash taking the next byte as it is.
  std::string until(std::string_view stops) {
    std::string out;
    stop_ = '\0';
    while (!at_end()) {
      const char c = text_[at_++];
      if (stops.find(c) != std::string_view::npos) {
        stop_ = c;
        return out;
      }
      if (c == '\\' && kind_ != SetKind::literal && !at_end()) {
        out += text_[at_++];
      } else {
        out += c;
      }
    }
    return out;
  }

  Result<> key(Object& values, int depth) {
    if (depth > nesting_max)
      return set_failure(fmt::format(
          "value name nested level is greater than maximum supported nested level of {}",
          nesting_max));
    const std::string name = until(kind_ == SetKind::literal ? "=[." : "=[,.");
    switch (stop_) {
      case '\0':
        if (name.empty()) return {};
        if (has_given_) return store(values, name, std::move(given_));
        return set_failure(fmt::format("key \"{}\" has no value", printable(name)));
      case ',':
        return set_failure(
            fmt::format("key \"{}\" has no value (cannot end with ,)", printable(name)));
      case '=': {
        Value value = TRY(value_text());
        return store(values, name, std::move(value));
      }
      case '[': {
        const std::size_t index = TRY(list_index());
        auto* existing = values.find(name);
        if (existing != nullptr && !existing->is_array()) return no_container(name, *existing, "list");
        Array list;
        if (existing != nullptr) list = std::move(*existing->as_array());
        TRY(item(list, index, depth));
        if (!name.empty()) values.set(name, std::move(list));
        return {};
      }
      default: break;
    }
    auto* existing = values.find(name);
    if (existing != nullptr && !existing->is_object()) return no_container(name, *existing, "map");
    Object inner;
    if (existing != nullptr) inner = std::move(*existing->as_object());
    TRY(key(inner, depth + 1));
    if (inner.empty())
      return set_failure(fmt::format("key map \"{}\" has no value", printable(name)));
    return store(values, name, std::move(inner));
  }

  // What an earlier value holds is not replaced by a path that leads through it, be it null.
  std::unexpected<Error> no_container(std::string_view name, const Value& held, std::string_view wanted) {
    return set_failure(fmt::format("the key \"{}\" holds {} and no {}", printable(name),
                                   kind_name(held.kind()), wanted));
  }

  Result<> item(Array& list, std::size_t index, int depth) {
    if (list.size() <= index) list.resize(index + 1);
    if (at_end()) {
      if (!has_given_) return set_failure("an element of a list has no value");
      list[index] = std::move(given_);
      return {};
    }
    switch (text_[at_++]) {
      case '=': list[index] = TRY(value_text()); return {};
      case '.': {
        Object inner;
        if (list[index].is_object()) inner = std::move(*list[index].as_object());
        TRY(key(inner, depth + 1));
        list[index] = std::move(inner);
        return {};
      }
      case '[': {
        const std::size_t next = TRY(list_index());
        auto& held = list[index];
        if (!held.is_array() && !held.is_null())
          return no_container(fmt::format("[{}]", index), held, "list");
        Array nested;
        if (list[index].is_array()) nested = std::move(*list[index].as_array());
        TRY(item(nested, next, depth + 1));
        list[index] = std::move(nested);
        return {};
      }
      default:
        return set_failure(
            fmt::format("unexpected data after a list index in \"{}\"", printable(text_)));
    }
  }

  Result<std::size_t> list_index() {
    const std::string digits = until("]");
    std::size_t index = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), index);
    if (stop_ != ']' || read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
      return set_failure(fmt::format("\"{}\" is no list index", printable(digits)));
    }
    if (index > index_max)
      return set_failure(fmt::format("index of {} is greater than maximum supported index of {}",
                                     index, index_max));
    return index;
  }

  Result<Value> value_text() {
    if (kind_ == SetKind::literal) {
      std::string rest(text_.substr(at_));
      at_ = text_.size();
      return Value(std::move(rest));
    }
    if (kind_ == SetKind::json || kind_ == SetKind::json_of_key) return json_value();
    if (!at_end() && text_[at_] == '{') return list_value();
    return scalar(until(","));
  }

  Result<Value> list_value() {
    ++at_;
    Array list;
    while (true) {
      std::string element = until(",}");
      if (stop_ == '\0') return set_failure("list must terminate with '}'");
      Value value = TRY(scalar(element));
      list.push_back(std::move(value));
      if (stop_ == '}') break;
    }
    if (!at_end() && text_[at_] != ',') return set_failure("unexpected data after a list's '}'");
    ++at_;
    return list;
  }

  // One JSON value, then ',' or the end.
  Result<Value> json_value() {
    int depth = 0;
    bool quoted = false;
    const std::size_t start = at_;
    for (; !at_end(); ++at_) {
      const char c = text_[at_];
      if (quoted && c == '\\') {
        ++at_;
      } else if (c == '"') {
        quoted = !quoted;
      } else if (!quoted && (c == '{' || c == '[')) {
        ++depth;
      } else if (!quoted && (c == '}' || c == ']')) {
        --depth;
      } else if (!quoted && depth == 0 && c == ',') {
        break;
      }
    }
    const auto text = text_.substr(start, std::min(at_, text_.size()) - start);
    ++at_;
    if (trim(text).empty()) return Value();
    return json_of(text);
  }

  static Result<Value> json_of(std::string_view text) {
    Value value = TRY(json::parse(text, "--set-json"));
    widen_numbers(value);
    return value;
  }

  [[nodiscard]] Result<Value> scalar(const std::string& text) const {
    if (read_ != nullptr && !text.empty()) {
      std::string content = TRY((*read_)(text));
      return Value(std::move(content));
    }
    return kind_ == SetKind::typed ? typed_value(text) : Value(text);
  }

  Result<> store(Object& values, const std::string& name, Value value) {
    if (!name.empty()) values.set(name, std::move(value));
    return {};
  }

  std::string_view text_;
  SetKind kind_;
  const FileReader* read_;
  std::size_t at_ = 0;
  char stop_ = '\0';
  Value given_;
  bool has_given_ = false;
};

}  // namespace

Result<> set_values(Object& values, std::string_view text, SetKind kind) {
  return Parser(text, kind).assignments(values);
}

Result<> set_files(Object& values, std::string_view text, const FileReader& read) {
  return Parser(text, SetKind::text, &read).assignments(values);
}

Result<> set_text(Object& values, std::string_view key, std::string content) {
  return Parser(key, SetKind::text).assign(values, Value(std::move(content)));
}

}  // namespace holdfast::helm
