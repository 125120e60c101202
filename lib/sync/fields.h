// SPDX-License-Identifier: Apache-2.0
// metadata.managedFields: which part of an object a field manager owns, cut out of the object without
// a schema, because FieldsV1 itself carries the keys of list items. Pure.
// Mirrors sigs.k8s.io/structured-merge-diff v6 fieldpath (the serialised form).
#pragma once

#include <functional>
#include <string_view>

#include "value/value.h"

namespace holdfast::sync {

// The union of the FieldsV1 sets of the entries that `wanted` accepts.
struct ManagerEntry {
  std::string_view manager, operation, subresource;
};
Value owned_fields(const Value& object, const std::function<bool(const ManagerEntry&)>& wanted);
// Through whatever subresource: an autoscaler owns replicas through "scale".
Value fields_of_manager(const Value& object, std::string_view manager);
// What the manager set by server-side apply: what its next apply may take away again.
Value applied_fields(const Value& object, std::string_view manager);

// Adds `other` into `fields`.
void merge_fields(Value& fields, const Value& other);

// Is applying `target` again as `manager` sure to change nothing: the live object carries all of its values,
// and the manager owns just its fields? Then nobody has to be asked. What cannot be told without a schema
// (a value that the server writes in another form) is no.
bool is_applied(const Value& live, const Value& target, std::string_view manager);

// What `fields` names, as it is in `object`: comparable for two objects and the same fields. An item
// of a list is found by its key or value, wherever it stands.
Value project(const Value& object, const Value& fields);

// Removes what `fields` names from the object.
void remove_fields(Value& object, const Value& fields);

}  // namespace holdfast::sync
