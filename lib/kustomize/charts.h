// SPDX-License-Identifier: Apache-2.0
// `helmCharts`: charts that are in the repository, rendered by the caller's Helm.
// It does not know Helm, and fetches nothing.
// Upstream: kustomize v5.8.1, api/internal/builtins/HelmChartInflationGenerator.go.
#pragma once

#include "base/result.h"
#include "kustomize/build_context.h"

#include <vector>

namespace holdfast::kustomize {

Result<std::vector<Resource>> render_chart(const HelmChart& chart, const HelmGlobals& globals,
                                           const Loader& loader, BuildContext& context);

}  // namespace holdfast::kustomize
