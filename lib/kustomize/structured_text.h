// SPDX-License-Identifier: Apache-2.0
// Replacements into a text field that itself holds JSON or YAML.
// It does not know replacements' selectors.
// Upstream: kustomize v5.8.1, api/filters/replacement (setValueInStructuredData).
#pragma once

#include "base/result.h"
#include "kustomize/budget.h"
#include "value/value.h"

#include <optional>
#include <span>
#include <string>

namespace holdfast::kustomize {

// Follows `path` until it enters a text that holds a document with the rest of the path, and writes
// there. False when the path enters no such text; nothing is changed then. Refuses with Code::limit.
Result<bool> replace_in_text(Value& root, std::span<const std::string> path, const Value& value,
                             std::optional<Value::Kind> create, Budget& budget);

}  // namespace holdfast::kustomize
