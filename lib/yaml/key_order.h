// SPDX-License-Identifier: Apache-2.0
// The order in which go-yaml v2 prints the keys of a map (sorter.go, keyList.Less): numbers inside
// the text by their value, other characters before letters.
#pragma once

#include <string_view>

namespace holdfast::yaml {

bool key_less(std::string_view left, std::string_view right);

}  // namespace holdfast::yaml
