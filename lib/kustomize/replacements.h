// SPDX-License-Identifier: Apache-2.0
// Values copied from one resource into others. It does not know where the rules were read.
// Upstream: kustomize v5.8.1, api/filters/replacement.
#pragma once

#include "base/result.h"
#include "kustomize/budget.h"
#include "kustomize/kustomization.h"
#include "kustomize/resource_set.h"

#include <vector>

namespace holdfast::kustomize {

// Refuses with Code::kustomize_target, Code::kustomization or Code::limit.
Result<> replace_fields(ResourceSet& resources, const std::vector<Replacement>& replacements,
                        Budget& budget);

}  // namespace holdfast::kustomize
