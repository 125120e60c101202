// SPDX-License-Identifier: Apache-2.0
// /healthz, /readyz and /metrics. It does not know what ready means: the agent says.
#pragma once

#include "agent/web/server.h"

#include <functional>
#include <string>
#include <vector>

namespace holdfast::agent {

// `numbers` is the text of /metrics, as Metrics::text(). `ready` refuses with what is missing; its text is the answer.
std::vector<Route> status_routes(std::function<std::string()> numbers, std::function<Result<>()> ready);

}  // namespace holdfast::agent
