// SPDX-License-Identifier: Apache-2.0
// /healthz, /readyz and /metrics. It does not know what ready means: the agent says.
#pragma once

#include "agent/web/metrics.h"
#include "agent/web/server.h"

#include <functional>
#include <vector>

namespace holdfast::agent {

// `ready` refuses with what is missing; its text is the answer. Both must outlive the server.
std::vector<Route> status_routes(const Metrics& metrics, std::function<Result<>()> ready);

}  // namespace holdfast::agent
