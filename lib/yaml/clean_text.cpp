// SPDX-License-Identifier: Apache-2.0
#include "yaml/clean_text.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace holdfast::yaml {
namespace {

// The size of the character, 0 when it is none that YAML allows or a line end of its own.
std::size_t character_size(std::string_view text) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])) : 0U;
  };
  const auto tails = [&](std::size_t count) {
    for (std::size_t i = 1; i <= count; ++i)
      if ((byte(i) & 0xC0U) != 0x80U) return false;
    return true;
  };
  const auto first = byte(0);
  if (first < 0xC2) return 0;
  if (first < 0xE0) {
    // U+0080 to U+009F are controls, and one of them a line end.
    return tails(1) && ((first & 0x1FU) << 6U | (byte(1) & 0x3FU)) >= 0xA0 ? 2 : 0;
  }
  if (first < 0xF0) {
    const auto value = (first & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
    const bool refused = value < 0x800 || value == 0x2028 || value == 0x2029 ||
                         (value >= 0xD800 && value < 0xE000) || value == 0xFEFF || value >= 0xFFFE;
    return tails(2) && !refused ? 3 : 0;
  }
  const auto value = (first & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U | (byte(2) & 0x3FU) << 6U |
                     (byte(3) & 0x3FU);
  return first < 0xF5 && tails(3) && value >= 0x10000 && value < 0x110000 ? 4 : 0;
}

}  // namespace

Characters characters_of(std::string_view text) {
  auto out = Characters::ascii;
  constexpr std::uint64_t ones = 0x0101010101010101U, high = 0x8080808080808080U;
  std::size_t at = 0;
  while (at < text.size()) {
    if (at + sizeof(std::uint64_t) <= text.size()) {
      std::uint64_t block = 0;
      std::memcpy(&block, text.data() + at, sizeof block);
      const auto below_space = (block - ones * 0x20) & ~block & high;
      const auto deleted = block ^ ones * 0x7F;
      const auto has_deleted = (deleted - ones) & ~deleted & high;
      if ((below_space | has_deleted | (block & high)) == 0) {
        at += sizeof block;
        continue;
      }
    }
    const char c = text[at];
    if ((c >= ' ' && c < 0x7F) || c == '\n' || c == '\t') {
      ++at;
      continue;
    }
    const auto size = character_size(text.substr(at));
    if (size == 0) return Characters::refused;
    out = Characters::wide;
    at += size;
  }
  return out;
}

}  // namespace holdfast::yaml
