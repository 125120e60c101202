// SPDX-License-Identifier: Apache-2.0
// values.schema.json: JSON Schema drafts 4, 6, 7, 2019-09 and 2020-12 over a chart's values. Pure:
// a reference to another document is refused, nothing is fetched. It does not know charts. Mirrors
// github.com/santhosh-tekuri/jsonschema v6.0.3: which keyword counts in which draft, formats
// asserted before 2019-09 only, the words of its messages.
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::helm {

struct SchemaProblem {
  std::string place;  // JSON pointer into the values, "" is all of them
  std::string text;   // "got number, want string"
  int depth = 0;      // 1 and more: part of the alternative that stands above it
};

// What the values violate, none when they are as the schema wants; at most 50.
// Refuses with Code::chart a schema that is none, and with Code::limit one that takes too long.
Result<std::vector<SchemaProblem>> check_schema(std::string_view schema, const Value& values);

}  // namespace holdfast::helm
