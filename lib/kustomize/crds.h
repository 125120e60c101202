// SPDX-License-Identifier: Apache-2.0
// `crds`: OpenAPI definitions whose x-kubernetes-* marks say which fields hold names and labels.
// It does not know CustomResourceDefinition objects.
// Upstream: kustomize v5.8.1, api/internal/accumulator/loadconfigfromcrds.go.
#pragma once

#include "base/result.h"
#include "kustomize/budget.h"
#include "kustomize/transformer_config.h"

#include <string>

namespace holdfast::kustomize {

Result<TransformerConfig> read_crds(const std::string& text, const std::string& file,
                                    const ReadLimits& limits);

}  // namespace holdfast::kustomize
