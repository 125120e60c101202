// SPDX-License-Identifier: Apache-2.0
// Globs as gobwas/glob 0.2 matches them, which Argo CD and Helm use: * and **, ?, [abc], [a-z],
// [!a], {a,b} and backslash; a class is one range or a list, where '^' and '-' mean themselves. Linear
// in pattern times text for each alternative of the braces.
// A ? or class stands for a character of ASCII unless it is the whole pattern: gobwas steps over one
// byte there (match/row.go).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

// In `separator` mode a single * and ? do not match '/'.
enum class GlobMode { plain, separator };

// A pattern that is broken (an open bracket, a class of more than one range, too many alternatives)
// matches nothing. An open brace ends with the pattern.
bool glob_match(std::string_view pattern, std::string_view text, GlobMode mode = GlobMode::plain);

// The patterns without braces that this one stands for: "{a,b}c" is "ac" and "bc". None when it is broken.
std::vector<std::string> glob_alternatives(std::string_view pattern);

// Is the pattern one, or does glob_match refuse it?
bool glob_valid(std::string_view pattern);

}  // namespace holdfast
