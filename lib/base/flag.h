// SPDX-License-Identifier: Apache-2.0
// One word of a command line that is a flag, and what both programs say of one that they do not know.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace holdfast {

struct FlagWord {
  std::string_view name;                  // without its dashes
  std::optional<std::string_view> value;  // after "="
};

// Requires: the word begins with '-'.
FlagWord read_flag(std::string_view word);

// `program`: "holdfast app list". The fix is the nearest name of `known`, or else its --help.
Error unknown_flag(std::string_view word, std::span<const std::string_view> known, std::string_view program);

}  // namespace holdfast
