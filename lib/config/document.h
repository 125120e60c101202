// SPDX-License-Identifier: Apache-2.0
// TOML → Value with the place of every key, for the files that people write: cluster.toml,
// holdfast.toml, bundle definitions. Dates and times become their RFC 3339 text.
// It does not know what the keys mean: section.h reads them.
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace holdfast::config {

struct Position {
  int line = 1;    // 1-based
  int column = 1;  // 1-based, in characters
};

struct Document {
  std::string name;  // of the file, as errors show it
  Value value;
  // By JSON pointer: where the key of a member, or the element of an array, stands.
  std::map<std::string, Position, std::less<>> positions;

  // "name:line:col" of the pointer, or of its nearest ancestor that has a place.
  [[nodiscard]] std::string place(std::string_view pointer) const;
};

// Refuses with Code::toml_syntax, Code::wrong_type (inf, nan) or Code::limit at name:line:col.
Result<Document> parse_toml(std::string_view text, std::string_view name);

}  // namespace holdfast::config
