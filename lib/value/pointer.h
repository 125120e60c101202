// SPDX-License-Identifier: Apache-2.0
// JSON pointers (RFC 6901): "/spec/ports/0", with ~1 for '/' and ~0 for '~' inside a token.
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::json {

// The tokens, unescaped; none for "". Refuses with Code::patch a text that does not start with '/'.
Result<std::vector<std::string>> pointer_tokens(std::string_view pointer);

// `key` as one token, escaped, without the '/'.
std::string pointer_token(std::string_view key);

// The index that a token names in an array of `size` elements: decimal, from 0; as json-patch v4
// for Go has it, -1 is the last. Nothing when it is no number or outside.
std::optional<std::size_t> array_index(std::string_view token, std::size_t size);

// The value there; null pointer when there is none.
const Value* find(const Value& document, const std::vector<std::string>& tokens);
Value* find(Value& document, const std::vector<std::string>& tokens);
const Value* find(const Value& document, std::string_view pointer);

}  // namespace holdfast::json
