// SPDX-License-Identifier: Apache-2.0
// The "format" keyword. Pure. Mirrors github.com/santhosh-tekuri/jsonschema v6.0.3 format.go.
#pragma once

#include <string_view>

namespace holdfast::helm {

// Is the text of that format? An unknown format is met by every text.
bool format_holds(std::string_view format, std::string_view text);

}  // namespace holdfast::helm
