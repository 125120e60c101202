// SPDX-License-Identifier: Apache-2.0
// `holdfast crds`: the CustomResourceDefinitions of Application and AppProject, for whoever wants to apply
// them by hand or run the agent outside of a cluster. It does not know the cluster.
#pragma once

#include "base/result.h"
#include "console.h"

namespace holdfast::bootstrap {

struct CrdsOptions {};

// YAML documents for people and kubectl; with -o json one array of files.
Result<> run_crds(const CrdsOptions& options, Console& console);

}  // namespace holdfast::bootstrap
