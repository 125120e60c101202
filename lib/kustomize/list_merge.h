// SPDX-License-Identifier: Apache-2.0
// The part of the strategic merge that deals with keyed lists. Line by line as the tool does it,
// because what it does with half-written keys (a port without protocol) is not what anybody would
// guess. Upstream: kustomize v5.8.1, kyaml/yaml/walk/associative_sequence.go, kyaml/yaml/fns.go
// (ElementSetter).
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::kustomize {

// One element's merge: the list's own element and the patch's, either may be absent.
struct ElementMerge {
  std::optional<Value> value;  // nothing: the element goes
  bool from_patch = false;     // the patch's element took its place
};

using MergeElement = std::function<Result<ElementMerge>(std::optional<std::size_t> index,
                                                        const Value* own, const Value* patch)>;

// `keys` empty: a set of scalars. `patch` null: nothing but the list itself.
// Merges the patch's elements in front.
Result<Array> merge_keyed_list(Array own, const Array* patch, std::vector<std::string> keys,
                               const MergeElement& merge);

}  // namespace holdfast::kustomize
