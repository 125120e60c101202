// SPDX-License-Identifier: Apache-2.0
// Recorded cases that are rows of a file: a new case is added as data.
#pragma once

#include <string>
#include <vector>

namespace holdfast::fakes {

// Lines of cells between tabs; '#' starts a comment. Empty where the file has no row or is not there.
std::vector<std::vector<std::string>> rows_of(const std::string& path);

}  // namespace holdfast::fakes
