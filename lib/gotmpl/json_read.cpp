// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/json_read.h"

#include "gotmpl/function.h"
#include "gotmpl/go_text.h"
#include "gotmpl/json_complaint.h"
#include "gotmpl/unicode.h"
#include "value/json.h"

namespace holdfast::gotmpl {
namespace {

// Half a pair of surrogates, and what is no UTF-8, are U+FFFD to Go.
std::string without_broken_characters(std::string_view text) {
  std::string out;
  const auto unit_at = [&](std::size_t at) {
    const bool escape = text.substr(at).starts_with("\\u") && at + 6 <= text.size();
    return escape ? parse_unsigned(text.substr(at + 2, 4), 16).value : 0;
  };
  for (std::size_t i = 0; i < text.size();) {
    const auto unit = unit_at(i);
    const bool high = unit >= 0xD800 && unit < 0xDC00, low = unit >= 0xDC00 && unit < 0xE000;
    const auto second = high ? unit_at(i + 6) : 0;
    if (high && second >= 0xDC00 && second < 0xE000) {
      out += text.substr(i, 12);
      i += 12;
    } else if (high || low) {
      out += "\\ufffd";
      i += 6;
    } else if (text[i] == '\\') {
      out += text.substr(i, 2);
      i += 2;
    } else {
      const Rune rune = decode_rune(text.substr(i));
      append_rune(out, rune.value);
      i += rune.size;
    }
  }
  return out;
}

}  // namespace

Result<Value> parse_json(const std::string& text) {
  Result<Value> value = json::parse(text, "json");
  if (value) return value;
  std::string complaint = scan_json(text).complaint;
  if (!complaint.empty()) return call_failure(std::move(complaint));
  Result<Value> again = json::parse(without_broken_characters(text), "json");
  return again ? std::move(again) : std::move(value);
}

std::optional<std::size_t> first_json_value(std::string_view text) { return scan_json(text).value_end; }

}  // namespace holdfast::gotmpl
