// SPDX-License-Identifier: Apache-2.0
// JSON as Go's encoding/json reads it, in its words when it does not. Mirrors Go 1.26 encoding/json
// decode.go and stream.go.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "value/value.h"

namespace holdfast::gotmpl {

// What is no UTF-8, or half a pair of surrogates, becomes U+FFFD. Refuses with
// Code::template_execution, what() being Go's complaint, or with Code::limit.
Result<Value> parse_json(const std::string& text);

// How many bytes of the text its first value takes with the white space before it, whatever follows:
// as a Decoder takes one. Nothing when there is none.
std::optional<std::size_t> first_json_value(std::string_view text);

}  // namespace holdfast::gotmpl
