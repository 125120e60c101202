// SPDX-License-Identifier: Apache-2.0
// Where a transformer works: a path that may be limited to a group, version or kind, and the walk
// that finds (or makes) the places it names. It does not know what is written there. Upstream:
// kustomize v5.8.1, api/types/fieldspec.go, api/filters/fieldspec.
#pragma once

#include "base/result.h"
#include "kustomize/resource_id.h"
#include "value/value.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::kustomize {

struct FieldSpec {
  Gvk gvk;  // empty parts fit anything
  std::string path;  // as split_path reads it by '/'
  bool create = false;
};

// "a/b\/c" → a, b/c. A leading separator is dropped.
std::vector<std::string> split_path(std::string_view path, char separator);
// As split_path by '.', but "[k=v.w]" stays one part and "[a.b/c]" becomes a.b/c.
std::vector<std::string> split_field_path(std::string_view path);

using FieldSpecs = std::vector<FieldSpec>;

// Adds `spec` unless an equal or more special one is there. Refuses with Code::kustomization when
// the one there differs in `create`.
Result<> merge_into(FieldSpecs& specs, const FieldSpec& spec);
Result<> merge_into(FieldSpecs& specs, const FieldSpecs& more);

// What a missing last field becomes; `nothing` never creates, whatever the spec says.
enum class Create { nothing, scalar, object };

using SetField = std::function<Result<>(Value&)>;
// With the JSON pointer of the place.
using SetFieldAt = std::function<Result<>(Value&, const std::string&)>;

// Calls `set` for each place that `spec` names in `object`, if the spec fits its kind.
Result<> visit_fields(Value& object, const FieldSpec& spec, Create create, const SetField& set);
Result<> visit_fields_at(Value& object, const FieldSpec& spec, Create create,
                         const SetFieldAt& set);
// The same without looking at the kind.
Result<> visit_path(Value& object, const FieldSpec& spec, Create create, const SetField& set);

}  // namespace holdfast::kustomize
