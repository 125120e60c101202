// SPDX-License-Identifier: Apache-2.0
// Why a text is no JSON, in the words of Go's encoding/json: templates see them as data in the key
// "Error". Mirrors Go 1.26 encoding/json/scanner.go.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::gotmpl {

// "" when the text is JSON.
std::string json_complaint(std::string_view text);

}  // namespace holdfast::gotmpl
