// SPDX-License-Identifier: Apache-2.0
// What sources of one Application say of each other: `ref` names one, "$name/path" takes a file of it. It does not
// know where they are.
// Mirrors argo-cd 3.6 util/argo/argo.go (GetRefSources) and reposerver/repository/repository.go.
#pragma once

#include <vector>

#include "base/result.h"
#include "value/value.h"

namespace holdfast::render {

// `sources` is spec.sources. Refuses with Code::application_spec a name that is none or is given twice, and a
// values file of a source that is not there: its text would be taken for a path of the chart's own repository.
Result<> check_references(const std::vector<Value>& sources);

}  // namespace holdfast::render
