// SPDX-License-Identifier: Apache-2.0
// A Datum as Go's encoding/json prints it: maps by the bytes of their keys, structs in the order of
// their fields. Mirrors Go 1.26 encoding/json/encode.go.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "gotmpl/datum.h"
#include "value/json.h"

namespace holdfast::gotmpl {

// Of what becomes a document: toJson, toYaml.
constexpr int datum_levels_max = 256;
constexpr std::size_t datum_nodes_max = 5'000'000;

struct JsonStyle {
  json::Escape escape = json::Escape::html;
  std::string_view indent = {};  // "" for one line
};

// Refuses what Datum::to_value refuses.
Result<std::string> write_json(const Datum& value, const JsonStyle& style = {});

}  // namespace holdfast::gotmpl
