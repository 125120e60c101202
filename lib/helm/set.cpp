// SPDX-License-Identifier: Apache-2.0
#include "helm/set.h"

#include "base/ascii.h"
#include "base/text.h"
#include "gotmpl/json_read.h"
#include "gotmpl/unicode.h"
#include "helm/chart.h"
#include "helm/values.h"

#include <charconv>
#include <optional>

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
  Parser(std::string_view text, SetKind kind, gotmpl::Flavor flavor,
         const FileReader* read = nullptr)
      : text_(text), kind_(kind), flavor_(flavor), read_(read) {}

  Result<> assignments(Object& values) {
    const bool helm4 = flavor_ == gotmpl::Flavor::helm4;
    const auto trimmed = gotmpl::trim_space(text_);
    if (helm4 && kind_ == SetKind::json && trimmed.starts_with('{')) {
      Value whole = TRY(json_of(trimmed));
      merge_documents(values, *whole.as_object());
      return {};
    }
    while (!at_end()) {
      const auto ended = TRY(key(values, 0));
      if (ended == Ended::yes) break;
    }
    return {};
  }

  // The key alone, its value given.
  Result<> assign(Object& values, Value value) {
    given_ = std::move(value);
    has_given_ = true;
    TRY(key(values, 0));
    return {};
  }

 private:
  // The text is over where more had to come. Upstream that is no mistake: what was set before stays,
  // what is begun ("a[0", "a.", "a[1]") is dropped.
  enum class Ended { no, yes };

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
      if (c == '\\' && kind_ != SetKind::literal) {
        if (!at_end()) out += text_[at_++];
      } else {
        out += c;
      }
    }
    return out;
  }

  Result<Ended> key(Object& values, int depth) {
    if (depth > nesting_max)
      return set_failure(fmt::format(
          "value name nested level is greater than maximum supported nested level of {}",
          nesting_max));
    const std::string name = until(kind_ == SetKind::literal ? "=[." : "=[,.");
    switch (stop_) {
      case '\0':
        if (name.empty()) return Ended::yes;
        if (!has_given_) {
          auto refused = set_failure(fmt::format("key \"{}\" has no value", printable(name)));
          return failure(std::move(refused).error().fix(
              fmt::format("give it one: {}=VALUE", printable(name))));
        }
        store(values, name, std::move(given_));
        return Ended::no;
      case ',':
        return set_failure(
            fmt::format("key \"{}\" has no value (cannot end with ,)", printable(name)));
      case '=': {
        const bool nothing = at_end() && is_plain();
        Value value = TRY(value_text());
        store(values, name, std::move(value));
        return nothing ? Ended::yes : Ended::no;
      }
      case '[': {
        const auto index = TRY(list_index());
        if (!index) return Ended::yes;
        auto* existing = values.find(name);
        if (existing != nullptr && !existing->is_array()) return no_container(name, *existing, "list");
        Array list;
        if (existing != nullptr) list = std::move(*existing->as_array());
        const auto ended = TRY(item(list, *index, depth));
        store(values, name, std::move(list));
        return ended;
      }
      default: break;
    }
    auto* existing = values.find(name);
    if (existing != nullptr && !existing->is_object()) return no_container(name, *existing, "map");
    Object inner;
    if (existing != nullptr) inner = std::move(*existing->as_object());
    const auto ended = TRY(key(inner, depth + 1));
    if (inner.empty() && ended == Ended::no)
      return set_failure(fmt::format("key map \"{}\" has no value", printable(name)));
    if (!inner.empty()) store(values, name, std::move(inner));
    return ended;
  }

  // What an earlier value holds is not replaced by a path that leads through it, be it null.
  std::unexpected<Error> no_container(std::string_view name, const Value& held, std::string_view wanted) {
    auto refused = set_failure(fmt::format("the key \"{}\" holds {} and no {}", printable(name),
                                           kind_name(held.kind()), wanted));
    return failure(std::move(refused).error().fix(
        fmt::format("set it once: to a value, or to a {} by what it holds", wanted)));
  }

  // What the list has there; it may be shorter.
  static Value held_at(const Array& list, std::size_t index) {
    return index < list.size() ? list[index] : Value();
  }

  static void put(Array& list, std::size_t index, Value value) {
    if (list.size() <= index) list.resize(index + 1);
    list[index] = std::move(value);
  }

  Result<Ended> item(Array& list, std::size_t index, int depth) {
    if (at_end()) {
      if (!has_given_) return Ended::yes;
      put(list, index, std::move(given_));
      return Ended::no;
    }
    switch (text_[at_++]) {
      case '=': {
        Value value = TRY(value_text());
        put(list, index, std::move(value));
        return Ended::no;
      }
      case '.': {
        Value held = held_at(list, index);
        const bool is_map = held.is_object();
        Object inner = is_map ? std::move(*held.as_object()) : Object();
        if (!is_map && index < list.size()) list[index] = Object();
        const auto ended = TRY(key(inner, depth + 1));
        // Upstream a map that is there already is changed where it stands.
        if (ended == Ended::no || index < list.size()) put(list, index, std::move(inner));
        return ended;
      }
      case '[': {
        const auto next = TRY(list_index());
        if (!next) return Ended::yes;
        Value held = held_at(list, index);
        if (!held.is_array() && !held.is_null())
          return no_container(fmt::format("[{}]", index), held, "list");
        Array nested = held.is_array() ? std::move(*held.as_array()) : Array();
        const auto ended = TRY(item(nested, *next, depth + 1));
        if (ended == Ended::no) put(list, index, std::move(nested));
        return ended;
      }
      default:
        return set_failure(
            fmt::format("unexpected data after a list index in \"{}\"", printable(text_)));
    }
  }

  // Nothing when the bracket stays open, which Helm 3 refuses.
  Result<std::optional<std::size_t>> list_index() {
    const std::string digits = until("]");
    if (stop_ != ']' && flavor_ == gotmpl::Flavor::helm4) return std::nullopt;
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
    if (kind_ == SetKind::json) return json_value();
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
    // Without a comma, too, what follows is the next key.
    if (!at_end() && text_[at_] == ',') ++at_;
    return list;
  }

  // True when no value comes before that comma or the end.
  bool skip_blanks_and_comma() {
    while (!at_end()) {
      const auto rune = gotmpl::decode_rune(text_.substr(at_));
      if (rune.value != ',' && !gotmpl::is_space(rune.value)) return false;
      at_ += rune.size;
      if (rune.value == ',') break;
    }
    return true;
  }

  // As much as is one JSON value; what follows it, with a comma or without, is the next key.
  Result<Value> json_value() {
    if (skip_blanks_and_comma()) return Value();
    const auto rest = text_.substr(at_);
    const auto size = gotmpl::first_json_value(rest).value_or(rest.size());
    Value value = TRY(json_of(rest.substr(0, size)));
    at_ += size;
    skip_blanks_and_comma();
    return value;
  }

  static Result<Value> json_of(std::string_view text) {
    auto read = gotmpl::parse_json(std::string(text));
    if (!read) return set_failure(read.error().what());
    widen_numbers(*read);
    return read;
  }

  [[nodiscard]] Result<Value> scalar(const std::string& text) const {
    if (read_ != nullptr && !text.empty()) {
      std::string content = TRY((*read_)(text));
      return Value(std::move(content));
    }
    return kind_ == SetKind::typed ? typed_value(text) : Value(text);
  }

  // A value that is read up to a comma.
  [[nodiscard]] bool is_plain() const {
    return kind_ == SetKind::typed || kind_ == SetKind::text;
  }

  static void store(Object& values, const std::string& name, Value value) {
    if (!name.empty()) values.set(name, std::move(value));
  }

  std::string_view text_;
  SetKind kind_;
  gotmpl::Flavor flavor_;
  const FileReader* read_;
  std::size_t at_ = 0;
  char stop_ = '\0';
  Value given_;
  bool has_given_ = false;
};

}  // namespace

Result<> set_values(Object& values, std::string_view text, SetKind kind, gotmpl::Flavor flavor) {
  return Parser(text, kind, flavor).assignments(values);
}

Result<> set_files(Object& values, std::string_view text, const FileReader& read,
                   gotmpl::Flavor flavor) {
  return Parser(text, SetKind::text, flavor, &read).assignments(values);
}

Result<> set_text(Object& values, std::string_view key, std::string content) {
  return Parser(key, SetKind::text, gotmpl::Flavor::helm4).assign(values, Value(std::move(content)));
}

}  // namespace holdfast::helm
