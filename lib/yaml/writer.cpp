// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "value/json.h"
#include "yaml/emitter.h"
#include "yaml/key_order.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <string>

namespace holdfast::yaml {
namespace {

// Go's json.Marshal, through which every value goes upstream, replaces what is not UTF-8.
std::string with_replacements(std::string_view text) {
  std::string out;
  while (const auto bad = find_invalid_utf8(text)) {
    out += text.substr(0, *bad);
    out += "\xEF\xBF\xBD";
    text.remove_prefix(*bad + 1);
  }
  return out += text;
}

// go-yaml v2 encode.go, stringv.
Style style_of(std::string_view text) {
  if (text.find('\n') != std::string_view::npos) return Style::literal;
  const bool is_text = resolve(text, Dialect::kube).kind == ScalarKind::text && !is_base60(text);
  return is_text ? Style::plain : Style::double_quoted;
}

class Writer {
 public:
  explicit Writer(std::string& out) : emitter_(out) {}

  void document(const Value& value) {
    this->value(value);
    emitter_.finish();
  }

 private:
  void value(const Value& value) {
    value.visit([this](const auto& held) { this->held(held); });
  }

  void plain(std::string_view text) { emitter_.scalar(text, Style::plain); }

  void held(std::monostate) { plain("null"); }

  void held(bool value) { plain(value ? "true" : "false"); }

  void held(std::int64_t value) { plain(std::to_string(value)); }

  void held(std::uint64_t value) { plain(std::to_string(value)); }

  // Upstream the number is printed as JSON, read as YAML and printed again: a number that JSON
  // writes as an integer of 64 bits is one from there on.
  void held(double value) {
    const auto json = json::format_real(value);
    const auto read = resolve(json, Dialect::kube);
    if (read.kind == ScalarKind::integer) return this->value(read.value);
    plain(format_general(value));
  }

  void held(const std::string& text) {
    if (find_invalid_utf8(text)) {
      const auto replaced = with_replacements(text);
      return emitter_.scalar(replaced, style_of(replaced));
    }
    emitter_.scalar(text, style_of(text));
  }

  void held(const Array& array) {
    if (array.empty()) return emitter_.empty_sequence();
    emitter_.open_sequence();
    for (const auto& element : array) {
      emitter_.item();
      value(element);
    }
    emitter_.close_sequence();
  }

  void held(const Object& object) {
    if (object.empty()) return emitter_.empty_mapping();
    const auto is_broken = [](const Member& each) { return find_invalid_utf8(each.key).has_value(); };
    if (std::any_of(object.begin(), object.end(), is_broken)) return held(with_text_keys(object));
    emitter_.open_mapping();
    const auto less = [](const Member& a, const Member& b) { return key_less(a.key, b.key); };
    if (std::is_sorted(object.begin(), object.end(), less)) {
      for (const auto& member : object)
        this->member(member);
    } else {
      // Stable: go-yaml's order is not transitive for every text, and a stable merge stays in
      // bounds.
      std::vector<const Member*> members;
      members.reserve(object.size());
      for (const auto& member : object)
        members.push_back(&member);
      std::ranges::stable_sort(members, [&](const auto* a, const auto* b) { return less(*a, *b); });
      for (const auto* member : members)
        this->member(*member);
    }
    emitter_.close_mapping();
  }

  // Upstream the keys are ordered once more when they have become text, and equal ones are one.
  static Object with_text_keys(const Object& object) {
    Object out;
    for (const auto& each : object)
      out.append(with_replacements(each.key), each.value);
    out.sort();
    return out;
  }

  void member(const Member& member) {
    emitter_.key(member.key, style_of(member.key));
    value(member.value);
  }

  Emitter emitter_;
};

}  // namespace

void write_to(std::string& out, const Value& value) {
  Writer(out).document(value);
}

std::string write(const Value& value) {
  std::string out;
  write_to(out, value);
  return out;
}

std::string write_all(const std::vector<Value>& values) {
  std::string out;
  for (const auto& value : values) {
    if (!out.empty()) out += "---\n";
    write_to(out, value);
  }
  return out;
}

}  // namespace holdfast::yaml
