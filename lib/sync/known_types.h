// SPDX-License-Identifier: Apache-2.0
// Fields of custom resources that hold Kubernetes' own types. The server writes these in one form where it
// knows the type, and in a custom resource it does not: "1000m" and "1" are equal there only for who is told.
// Pure. Mirrors argoproj/argo-cd 3.6 util/argo/normalizers/knowntypes_normalizer.go.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace holdfast::sync {

struct KnownType {
  std::string group, kind;  // globs
  std::string field;        // "spec.template.spec"; leads through the items of lists
  std::string type;         // "core/v1/PodSpec", "core/Quantity", "meta/v1/Duration"
};

// Those that nobody has to name.
const std::vector<KnownType>& builtin_known_types();

// Can values of the type be compared? (core/v1 types, core/Quantity, meta/v1/Duration)
bool is_known_type(std::string_view type);

// Writes the field's quantities and durations in one form: equal ones have equal texts. What is none stays.
void normalize_known_type(const KnownType& known, Value& object);

// "1000m" and 1 and "1e0" are one text; "" for what is no quantity.
std::string canonical_quantity(const Value& value);

}  // namespace holdfast::sync
