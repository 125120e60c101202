// SPDX-License-Identifier: Apache-2.0
// The part of jq that selects places in a document: what stands inside del(…) in ignoreDifferences.
// Paths, indices, iteration, recursion, pipes, commas and select() with comparisons. Pure; bounded by
// the number of places visited, since expressions come from outside.
// Mirrors jq 1.7 (gojq in argo-cd 3.6 util/argo/normalizers/diff_normalizer.go).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "value/value.h"

namespace holdfast::sync {

using JqStep = std::variant<std::string, std::size_t>;
using JqPlace = std::vector<JqStep>;

class JqPath {
 public:
  // Refuses with Code::application_spec; the message names the unexpected word.
  static Result<JqPath> parse(std::string_view text);

  // Every place that the expression selects. Places whose types do not fit are left out.
  [[nodiscard]] std::vector<JqPlace> select(const Value& document) const;

  struct Node;

 private:
  std::shared_ptr<const Node> root_;
};

const Value* find_place(const Value& document, const JqPlace& place);
void remove_places(Value& document, std::vector<JqPlace> places);

}  // namespace holdfast::sync
