// SPDX-License-Identifier: Apache-2.0
// Field paths of replacements and vars: "spec.containers.[name=web].image", indexes, "*".
// It does not know what is done with the fields.
// Upstream: kustomize v5.8.1, kyaml/yaml/match.go (targets), kyaml/yaml/fns.go PathGetter
// (sources).
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::kustomize {

// The one field of a source; null pointer when there is none.
Result<const Value*> look_up(const Value& root, std::span<const std::string> path);

// All fields of a target. With `create` missing parts are made, the last as that kind.
// A text on the way that holds YAML is not entered: `structured` then has the way to it.
struct Matches {
  std::vector<Value*> fields;
  std::vector<bool> fresh;  // was it made by this call?
};

Result<Matches> match_all(Value& root, std::span<const std::string> path,
                          std::optional<Value::Kind> create);

// Of a path that leads to nothing: where it ends, and what is there of a name like the next part.
struct DeadEnd {
  std::string cause;
  std::optional<std::string> near;
};

DeadEnd dead_end(const Value& root, std::span<const std::string> path);

// The JSON pointer of a node inside `root`.
std::optional<std::string> pointer_to(const Value& root, const Value* wanted);

// "8080" of an int index, not of "-1".
bool is_index(std::string_view part);

}  // namespace holdfast::kustomize
