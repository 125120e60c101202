// SPDX-License-Identifier: Apache-2.0
// What a user says about a chart's values (-f, --set and their relatives), merged in Helm's order.
// It does not know where the texts came from.
// Mirrors helm 4.3 pkg/cli/values/options.go (MergeValues).
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <string>
#include <vector>

namespace holdfast::render {

struct NamedText {
  std::string name;  // a file's path in errors; the key of a --set-file
  std::string text;
};

struct UserValues {
  std::vector<NamedText> files;       // --values
  std::vector<std::string> json;      // --set-json
  std::vector<std::string> typed;     // --set
  std::vector<std::string> texts;     // --set-string
  std::vector<NamedText> contents;    // --set-file
  std::vector<std::string> literals;  // --set-literal
};

// Numbers of files become reals, as Helm's templates see them. Refuses with Code::chart_values or a
// code of reading YAML.
Result<Object> merge_user_values(const UserValues& given);

}  // namespace holdfast::render
