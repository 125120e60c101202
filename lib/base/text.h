// SPDX-License-Identifier: Apache-2.0
// Small text questions that every layer asks.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

// "a,b,,c" by ',' gives a, b, "", c. An empty text gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);

std::string_view trim(std::string_view text);  // ASCII white space at both ends

// "a, b,,c" gives a, b, c: the trimmed parts between commas that are not empty.
std::vector<std::string_view> comma_words(std::string_view text);

std::string replace_all(std::string text, std::string_view from, std::string_view to);

// Is the text valid UTF-8 (no surrogates, no overlong forms)? Returns the offset of the first bad byte.
std::optional<std::size_t> find_invalid_utf8(std::string_view text);

// For anything from outside that is shown to a person: control characters, escapes and invalid UTF-8
// become \xNN, so a name from a bundle cannot drive the terminal. Longer than `limit` bytes is cut.
std::string printable(std::string_view text, std::size_t limit = 200);

// The known word nearest to `word` (Damerau-Levenshtein distance at most a third of its length).
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> known);

std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);  // standard alphabet, padded
std::string to_hex(std::string_view bytes);                     // lower case

// Path arithmetic on '/'-separated relative paths inside a tree. Returns the cleaned path ("" is the
// root) or nothing when it would leave the tree or is absolute.
std::optional<std::string> join_inside(std::string_view base, std::string_view relative);
// Without empty parts, "." and what ".." undoes; ".." may lead above its beginning: "a/../../b" → "../b". Mirrors
// filepath.Clean of Go for relative paths, except that nothing is "" and not ".".
std::string clean_path(std::string_view path);
std::string_view parent_path(std::string_view path);  // "a/b/c" → "a/b"; "a" → ""
std::string_view base_name(std::string_view path);

}  // namespace holdfast
