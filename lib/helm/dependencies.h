// SPDX-License-Identifier: Apache-2.0
// Which subcharts take part, under which names, and what they export to their parent. Pure.
// Mirrors helm 4.3 pkg/chart/v2/util/dependencies.go: ProcessDependencies.
#pragma once

#include "base/result.h"
#include "gotmpl/templates.h"
#include "helm/chart.h"

namespace holdfast::helm {

// Aliases, tags, conditions and import-values of the chart and all below it; disabled subcharts are
// removed, imports go into the charts' own values. `user` decides conditions and tags.
// Refuses with Code::chart a listed dependency that is not under charts/.
Result<> process_dependencies(Chart& chart, const Object& user, gotmpl::Flavor flavor);

}  // namespace holdfast::helm
