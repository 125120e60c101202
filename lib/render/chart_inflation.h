// SPDX-License-Identifier: Apache-2.0
// The `helmCharts` of a kustomization, rendered by lib/helm as kustomize calls Helm. It does not
// know where a chart came from: kustomize looks for it in the tree.
// Mirrors kustomize v5.8.1 api/types/helmchartargs.go (AsHelmArgs).
#pragma once

#include "base/result.h"
#include "kustomize/kustomize.h"

#include <string>
#include <vector>

namespace holdfast::render {

// What charts are told of the cluster where a helmCharts entry says nothing itself.
struct ClusterFacts {
  std::string kube_version;  // "" takes Helm's own
  std::vector<std::string> api_versions;
};

// What `helm template` prints for the request.
Result<std::string> inflate_chart(const kustomize::ChartRequest& request,
                                  const ClusterFacts& cluster);

}  // namespace holdfast::render
