// SPDX-License-Identifier: Apache-2.0
// The three patch fields: which text is which kind of patch, and whom it meets.
// It does not know how a merge is done.
// Upstream: kustomize v5.8.1, api/internal/builtins/Patch*Transformer.go.
#pragma once

#include "base/result.h"
#include "kustomize/entry.h"
#include "kustomize/kustomization.h"
#include "kustomize/loader.h"
#include "kustomize/merge_schema.h"
#include "kustomize/resource_set.h"

#include <string>
#include <vector>

namespace holdfast::kustomize {

// `patches`: a strategic merge or a list of JSON operations.
// `entry` is where the patch is listed, `list` where several are, for messages.
Result<> apply_patch(ResourceSet& resources, const Patch& patch, const Loader& loader,
                     const MergeSchema& schema, const Entry& entry);

Result<> apply_strategic_merges(ResourceSet& resources, const std::vector<std::string>& patches,
                                const Loader& loader, const MergeSchema& schema, const Entry& list);

Result<> apply_json6902(ResourceSet& resources, const Patch& patch, const Loader& loader,
                        const Entry& entry);

}  // namespace holdfast::kustomize
