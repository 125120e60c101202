// SPDX-License-Identifier: Apache-2.0
// What templates see beside .Values: .Release, .Chart, .Files, .Capabilities. Host objects of
// lib/gotmpl. Mirrors helm 4.3 pkg/engine/files.go and pkg/chart/common/capabilities.go.
#pragma once

#include "gotmpl/datum.h"
#include "helm/chart.h"
#include "helm/helm.h"

namespace holdfast::helm {

gotmpl::Datum release_object(const Release& release);
// With Go's field names: .Chart.AppVersion, .Chart.Name. A map, of Helm 3 a struct.
gotmpl::Datum chart_object(const Chart& chart, Include root, gotmpl::Flavor flavor);
// Gives a map the methods of Go's common.Values. A subchart's section keeps the name of a plain
// map, as its parent sees it: Go has two names for the one map.
void become_values(gotmpl::Datum& values, Include root, gotmpl::Flavor flavor);
// Each is read at the first look at it; `failed` takes what the first that cannot be read is refused
// with, and lives as long as the object.
gotmpl::Datum files_object(std::vector<File> files, std::optional<Error>& failed);
gotmpl::Datum capabilities_object(const Settings& settings);

}  // namespace holdfast::helm
