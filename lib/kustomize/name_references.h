// SPDX-License-Identifier: Apache-2.0
// Fields that hold another resource's name follow that resource to its new name.
// It does not know why a name changed.
// Upstream: kustomize v5.8.1, api/filters/nameref,
// api/internal/accumulator/namereferencetransformer.go.
#pragma once

#include "base/result.h"
#include "kustomize/budget.h"
#include "kustomize/resource_set.h"
#include "kustomize/transformer_config.h"

namespace holdfast::kustomize {

// Refuses with Code::kustomize_conflict when a name could mean several resources with different
// names, with Code::limit.
Result<> fix_name_references(ResourceSet& resources, const std::vector<NameReference>& references,
                             Budget& budget);

}  // namespace holdfast::kustomize
