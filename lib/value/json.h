// SPDX-License-Identifier: Apache-2.0
// JSON text ↔ Value. The writer prints as Go's encoding/json does: keys sorted, numbers in Go's
// shortest form, <, >, & and U+2028/2029 escaped unless asked otherwise.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "value/value.h"

namespace holdfast::json {

struct Limits {
  int depth = 256;
  std::size_t bytes = std::size_t{256} << 20;
  std::size_t nodes = 64'000'000;  // values
};

enum class Duplicates { refuse, keep_last };

// `name` says in errors whose text this is. Integers that fit become integers, the rest reals.
// Refuses with Code::json_syntax, Code::text_encoding or Code::limit, at "name:line:col".
Result<Value> parse(std::string_view text, std::string_view name, const Limits& limits = {},
                    Duplicates duplicates = Duplicates::keep_last);

// Reads an object of which the member `list` may be a long array: its elements go to `each`, in their order, and
// are not in what is returned, so that one of them at a time takes the room of a Value. Nothing is given to
// `each` of a text that is refused, except by Limits::nodes.
Result<Value> parse_list(std::string_view text, std::string_view name, std::string_view list,
                         const std::function<void(Value&&)>& each, const Limits& limits = {});

enum class Escape { html, plain };  // html: as json.Marshal; plain: as an Encoder without EscapeHTML

std::string write(const Value& value, Escape escape = Escape::html);
std::string write_indented(const Value& value, std::string_view indent = "  ",
                           Escape escape = Escape::plain);

// The text as a JSON string, invalid UTF-8 as U+FFFD.
void append_string(std::string& out, std::string_view text, Escape escape);

// A float64 as Go's encoding/json prints it: 1, 1.5, 1e+21.
std::string format_real(double value);

}  // namespace holdfast::json
