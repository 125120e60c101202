// SPDX-License-Identifier: Apache-2.0
// Where a JSON text stops to be one, or goes beyond its limits: simdjson, which reads it, does not say.
// It does not know what is wrong there.
#pragma once

#include "value/json.h"

#include <optional>
#include <string_view>

namespace holdfast::json {

// The offset of the first byte that cannot stand there; nothing when the whole text can.
std::optional<std::size_t> find_mistake(std::string_view text, const Limits& limits);

// "name:line:col" of that offset, columns in characters.
std::string place_of(std::string_view name, std::string_view text, std::size_t offset);

}  // namespace holdfast::json
