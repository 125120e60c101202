// SPDX-License-Identifier: Apache-2.0
// How values meet: documents over each other, the user's over a chart's defaults, a parent's over
// its subcharts'. Pure. Mirrors helm 4.3 pkg/chart/common/util/coalesce.go and pkg/chart/loader
// values.
#pragma once

#include "base/result.h"
#include "helm/chart.h"
#include "value/value.h"

namespace holdfast::helm {

// Later documents over earlier ones: maps merge deep, everything else replaces, null stays null.
void merge_documents(Object& into, const Object& later);

// The values that the chart and its subcharts see: the user's over the defaults, `global` copied
// down, nulls as Helm 4 treats them. Refuses with Code::chart_values a subchart's section that is
// no map.
Result<Object> coalesce_values(const Chart& chart, const Object& user);

// The value at a dotted path ("a.b.c"); null pointer when a step is missing or no map.
const Value* find_value(const Object& values, std::string_view path);

}  // namespace holdfast::helm
