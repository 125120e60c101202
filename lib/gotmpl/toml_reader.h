// SPDX-License-Identifier: Apache-2.0
// TOML as Helm's fromToml takes and refuses it: templates see the complaint as data in the key
// "Error". Mirrors BurntSushi/toml 1.6.0 (lex.go, parse.go), whose looks ahead decide which of two
// mistakes is told.
#pragma once

#include <string>
#include <string_view>

#include "gotmpl/datum.h"

namespace holdfast::gotmpl {

extern const Type toml_tables_type;  // []map[string]interface {}

// A new dict; of a text that is no TOML {"Error": "toml: line 2 (last key \"a\"): …"}.
Datum read_toml(std::string_view text);

// A key as TOML writes it, in quotes where it needs them.
std::string toml_key(std::string_view key);
std::string toml_quoted(std::string_view text);

}  // namespace holdfast::gotmpl
