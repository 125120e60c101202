// SPDX-License-Identifier: Apache-2.0
// How values meet: documents over each other, the user's over a chart's defaults, a parent's over
// its subcharts'. Pure. Mirrors helm 4.3 pkg/chart/common/util/coalesce.go and pkg/chart/loader
// values.
#pragma once

#include "base/result.h"
#include "gotmpl/templates.h"
#include "helm/chart.h"
#include "value/value.h"

namespace holdfast::helm {

// Later documents over earlier ones: maps merge deep, everything else replaces, null stays null.
void merge_documents(Object& into, const Object& later);

// What a null does to a default below it: it deletes both (CoalesceValues), or stays to delete what
// comes later (MergeValues). Helm 4 leaves out the nulls of defaults, too, Helm 3 shows them.
enum class Nulls { remove, remove_but_defaults, keep };

// As the flavor coalesces.
inline Nulls nulls_of(gotmpl::Flavor flavor) {
  return flavor == gotmpl::Flavor::helm3 ? Nulls::remove_but_defaults : Nulls::remove;
}

// The values that the chart and its subcharts see: the user's over the defaults, `global` copied
// down, nulls as Helm 4 treats them. Refuses with Code::chart_values a subchart's section that is
// no map.
Result<Object> coalesce_values(const Chart& chart, const Object& user,
                               Nulls nulls = Nulls::remove);

// The same by moving the defaults of the chart and its subcharts, which nobody asks for afterwards.
Result<Object> take_values(Chart& chart, const Object& user, Nulls nulls);

// Fills in what is absent, maps deep; nulls count as present (MergeTables).
void merge_tables(Object& into, const Object& defaults);

// The value at a dotted path ("a.b.c"); null pointer when a step is missing or no map.
const Value* find_value(const Object& values, std::string_view path);

}  // namespace holdfast::helm
