// SPDX-License-Identifier: Apache-2.0
// Differences between two texts, line by line, in the unified form. Pure.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::bootstrap {

// "" when they are equal; else hunks with three lines around each change. Where both sides have
// thousands of changed lines they are shown as wholly replaced.
std::string unified_diff(std::string_view before, std::string_view after);

}  // namespace holdfast::bootstrap
