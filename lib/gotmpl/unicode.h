// SPDX-License-Identifier: Apache-2.0
// Runes as Go sees them: UTF-8 decoding that yields U+FFFD for a bad byte, and the classes and case
// mappings of Unicode 15 that Go 1.26's unicode and strconv packages use. No locale is asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::gotmpl {

struct Rune {
  char32_t value;    // U+FFFD for a byte that starts no valid sequence
  std::size_t size;  // bytes; 1 for such a byte
  [[nodiscard]] bool bad() const { return value == 0xFFFD && size == 1; }
};

Rune decode_rune(std::string_view text);       // of the front; `text` is not empty
Rune decode_last_rune(std::string_view text);  // of the back
void append_rune(std::string& text, char32_t rune);
std::size_t count_runes(std::string_view text);
std::u32string to_runes(std::string_view text);
std::string from_runes(std::u32string_view runes);
std::string_view trim_space(std::string_view text);  // strings.TrimSpace

bool is_print(char32_t rune);  // strconv.IsPrint
bool is_letter(char32_t rune);
bool is_digit(char32_t rune);
bool is_number(char32_t rune);
bool is_space(char32_t rune);
bool is_upper(char32_t rune);
bool is_lower(char32_t rune);
char32_t to_upper(char32_t rune);
char32_t to_lower(char32_t rune);
char32_t to_title(char32_t rune);

std::string upper_text(std::string_view text);  // strings.ToUpper
std::string lower_text(std::string_view text);

}  // namespace holdfast::gotmpl
