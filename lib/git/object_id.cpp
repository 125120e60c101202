// SPDX-License-Identifier: Apache-2.0
#include "git/object_id.h"

#include "base/text.h"

namespace holdfast::git {
namespace {

std::optional<unsigned> digit_value(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

}  // namespace

std::optional<ObjectId> ObjectId::parse(std::string_view hex) {
  if (hex.size() != 2 * size) return std::nullopt;
  ObjectId id;
  for (std::size_t i = 0; i < size; ++i) {
    const auto high = digit_value(hex[2 * i]), low = digit_value(hex[2 * i + 1]);
    if (!high || !low) return std::nullopt;
    id.bytes_[i] = static_cast<unsigned char>(*high << 4 | *low);
  }
  return id;
}

std::string ObjectId::hex() const {
  std::string raw(bytes_.begin(), bytes_.end());
  return to_hex(raw);
}

}  // namespace holdfast::git
