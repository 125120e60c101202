// SPDX-License-Identifier: Apache-2.0
// What /metrics says of Applications and of the cluster, under upstream's names, so that its dashboards and
// alerts go on working. Mirrors argoproj/argo-cd 3.6 controller/metrics.
#pragma once

#include <string>
#include <vector>

#include "agent/context.h"
#include "agent/web/metrics.h"

namespace holdfast::agent {

std::vector<MetricFamily> metric_families();

// Brings the series of one Application up to date; an Application that is gone has none.
void measure_application(Metrics& metrics, const std::string& namespace_name, const std::string& name,
                         const Value* application, Memory& memory);

struct LookMeasured {
  std::string namespace_;
  Duration took{};
  const Error* error = nullptr;
};
void measure_look(Metrics& metrics, Context& context, const LookMeasured& look);

}  // namespace holdfast::agent
