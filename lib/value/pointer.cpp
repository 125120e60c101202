// SPDX-License-Identifier: Apache-2.0
#include "value/pointer.h"

#include "base/text.h"

#include <charconv>

namespace holdfast::json {

Result<std::vector<std::string>> pointer_tokens(std::string_view pointer) {
  std::vector<std::string> out;
  if (pointer.empty()) return out;
  if (!pointer.starts_with('/')) {
    return failure(Code::patch, "JSON pointer '{}' does not start with '/'", printable(pointer));
  }
  for (const auto token : split(pointer.substr(1), '/')) {
    out.push_back(replace_all(replace_all(std::string(token), "~1", "/"), "~0", "~"));
  }
  return out;
}

std::string pointer_token(std::string_view key) {
  return replace_all(replace_all(std::string(key), "~", "~0"), "/", "~1");
}

std::optional<std::size_t> array_index(std::string_view token, std::size_t size) {
  std::int64_t index = 0;
  const char* end = token.data() + token.size();
  const auto read = std::from_chars(token.data(), end, index);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  const auto count = static_cast<std::int64_t>(size);
  if (index < 0) index += count;
  if (index < 0 || index >= count) return std::nullopt;
  return static_cast<std::size_t>(index);
}

const Value* find(const Value& document, const std::vector<std::string>& tokens) {
  const Value* at = &document;
  for (const auto& token : tokens) {
    if (const auto* array = at->as_array()) {
      const auto index = array_index(token, array->size());
      at = index ? &(*array)[*index] : nullptr;
    } else {
      at = at->find(token);
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

Value* find(Value& document, const std::vector<std::string>& tokens) {
  return const_cast<Value*>(find(std::as_const(document), tokens));
}

const Value* find(const Value& document, std::string_view pointer) {
  const auto tokens = pointer_tokens(pointer);
  return tokens ? find(document, *tokens) : nullptr;
}

}  // namespace holdfast::json
