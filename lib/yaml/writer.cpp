// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "value/json.h"
#include "yaml/key_order.h"
#include "yaml/scalar.h"
#include "yaml/yaml.h"

#include <yaml.h>

#include <algorithm>
#include <string>

namespace holdfast::yaml {
namespace {

// Go's json.Marshal, through which every value goes upstream, replaces what is not UTF-8.
std::string with_replacements(std::string text) {
  while (const auto bad = find_invalid_utf8(text))
    text.replace(*bad, 1, "\xEF\xBF\xBD");
  return text;
}

// libyaml's emitter is a C ancestor of go-yaml's, with the same line folding and quoting.
class Emitter {
 public:
  explicit Emitter(std::string& out) : out_(out) {
    CHECK(yaml_emitter_initialize(&emitter_) == 1);
    yaml_emitter_set_output(&emitter_, &Emitter::append, &out_);
    yaml_emitter_set_unicode(&emitter_, 1);
    yaml_emitter_set_width(&emitter_, 80);
    yaml_event_t event;
    CHECK(yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING) == 1);
    emit(event);
    CHECK(yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1) == 1);
    emit(event);
  }

  ~Emitter() { yaml_emitter_delete(&emitter_); }

  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;

  void finish() {
    yaml_event_t event;
    CHECK(yaml_document_end_event_initialize(&event, 1) == 1);
    emit(event);
    CHECK(yaml_stream_end_event_initialize(&event) == 1);
    emit(event);
    yaml_emitter_flush(&emitter_);
    // libyaml marks the end of a block scalar that keeps its line ends, go-yaml does not.
    constexpr std::string_view mark = "\n...\n";
    if (out_.ends_with(mark)) out_.resize(out_.size() - mark.size() + 1);
  }

  void value(const Value& value) {
    value.visit([this](const auto& held) { this->held(held); });
  }

 private:
  static int append(void* out, unsigned char* buffer, std::size_t size) {
    static_cast<std::string*>(out)->append(reinterpret_cast<char*>(buffer), size);
    return 1;
  }

  void emit(yaml_event_t& event) { CHECK(yaml_emitter_emit(&emitter_, &event) == 1); }

  void held(std::monostate) { scalar("null", YAML_PLAIN_SCALAR_STYLE); }

  void held(bool value) { scalar(value ? "true" : "false", YAML_PLAIN_SCALAR_STYLE); }

  void held(std::int64_t value) { scalar(std::to_string(value), YAML_PLAIN_SCALAR_STYLE); }

  void held(std::uint64_t value) { scalar(std::to_string(value), YAML_PLAIN_SCALAR_STYLE); }

  // Upstream the number is printed as JSON, read as YAML and printed again: a number that JSON
  // writes as an integer of 64 bits is one from there on.
  void held(double value) {
    const auto json = json::format_real(value);
    const auto read = resolve(json, Dialect::kube);
    if (read.kind == ScalarKind::integer) return this->value(read.value);
    scalar(format_general(value), YAML_PLAIN_SCALAR_STYLE);
  }

  void held(const std::string& text) {
    if (find_invalid_utf8(text)) {
      const auto replaced = with_replacements(text);
      return scalar(replaced, style_of(replaced));
    }
    scalar(text, style_of(text));
  }

  void held(const Array& array) {
    yaml_event_t event;
    CHECK(yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1,
                                               YAML_BLOCK_SEQUENCE_STYLE) == 1);
    emit(event);
    for (const auto& element : array)
      value(element);
    CHECK(yaml_sequence_end_event_initialize(&event) == 1);
    emit(event);
  }

  void held(const Object& object) {
    yaml_event_t event;
    CHECK(yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1,
                                              YAML_BLOCK_MAPPING_STYLE) == 1);
    emit(event);
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
    CHECK(yaml_mapping_end_event_initialize(&event) == 1);
    emit(event);
  }

  void member(const Member& member) {
    held(member.key);
    value(member.value);
  }

  // go-yaml v2 encode.go, stringv.
  static yaml_scalar_style_t style_of(std::string_view text) {
    if (text.find('\n') != std::string_view::npos) return YAML_LITERAL_SCALAR_STYLE;
    if (resolve(text, Dialect::kube).kind != ScalarKind::text || is_base60(text)) {
      return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
    }
    return YAML_PLAIN_SCALAR_STYLE;
  }

  void scalar(std::string_view text, yaml_scalar_style_t style) {
    yaml_event_t event;
    // libyaml takes a null pointer for a broken call, even when the length is 0.
    const char* data = text.data() == nullptr ? "" : text.data();
    CHECK(yaml_scalar_event_initialize(&event, nullptr, nullptr,
                                       reinterpret_cast<const yaml_char_t*>(data),
                                       static_cast<int>(text.size()), 1, 1, style) == 1);
    emit(event);
  }

  std::string& out_;
  yaml_emitter_t emitter_{};
};

}  // namespace

std::string write(const Value& value) {
  std::string out;
  Emitter emitter(out);
  emitter.value(value);
  emitter.finish();
  return out;
}

std::string write_all(const std::vector<Value>& values) {
  std::string out;
  for (const auto& value : values) {
    if (!out.empty()) out += "---\n";
    out += write(value);
  }
  return out;
}

}  // namespace holdfast::yaml
