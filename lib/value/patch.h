// SPDX-License-Identifier: Apache-2.0
// JSON patch (RFC 6902) and JSON merge patch (RFC 7386) on Values.
// Where json-patch v4.12 for Go (patch.go), which kustomize links, is laxer than the RFC, so is
// this: negative array indexes count from the end, `replace` of an absent member of an object that
// is there sets it, `copy` of one makes null, an absent "value" is null. It does not know strategic merge patches.
#pragma once

#include "base/result.h"
#include "value/value.h"

#include <cstddef>

namespace holdfast::json {

// `patch` is the list of operations. Refuses with Code::patch, naming the operation, or with
// Code::limit when `copy` operations make more than a million nodes. `failed`, if given, is then the
// index of that operation.
Result<Value> apply_patch(Value document, const Value& patch, std::size_t* failed = nullptr);

// Members that are null in the patch are removed, objects are merged, anything else replaces.
Value apply_merge_patch(Value document, const Value& patch);

// The merge patch that makes `to` of `from`; an empty object when they are equal. A null inside
// `to` cannot be said in a merge patch: it is removed.
Value merge_patch_between(const Value& from, const Value& to);

}  // namespace holdfast::json
