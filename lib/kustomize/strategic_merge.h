// SPDX-License-Identifier: Apache-2.0
// A strategic merge patch onto a resource: maps are merged, null removes, "$patch" directs, lists
// with a merge key are merged by it with the patch's elements first, all other lists are replaced.
// It does not know which patch belongs to which resource.
// Upstream: kustomize v5.8.1, kyaml/yaml/merge2 and kyaml/yaml/walk.
#pragma once

#include "base/result.h"
#include "kustomize/merge_schema.h"
#include "kustomize/resource.h"

namespace holdfast::kustomize {

enum class Merged { changed, removed };

// `removed` when the patch deletes the whole resource. Refuses with Code::patch.
// Resources keep the quotes of a text that a number replaces; what is no resource takes the number.
enum class Quoted { kept, dropped };

Result<Merged> strategic_merge(Resource& resource, const Resource& patch, const MergeSchema& schema,
                               Quoted quoted = Quoted::kept);

}  // namespace holdfast::kustomize
