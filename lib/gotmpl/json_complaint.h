// SPDX-License-Identifier: Apache-2.0
// Where the first value of a text ends, and why the text is no JSON, in the words of Go's
// encoding/json: templates see them as data in the key "Error". Mirrors Go 1.26
// encoding/json/scanner.go.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::gotmpl {

struct JsonScan {
  std::string complaint;                 // "" when the text is JSON
  std::optional<std::size_t> value_end;  // of its first value; nothing when that is wrong
};

JsonScan scan_json(std::string_view text);

}  // namespace holdfast::gotmpl
