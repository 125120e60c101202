// SPDX-License-Identifier: Apache-2.0
// The agent as a whole: makes everything once, starts the workers, and ends them when asked.
#pragma once

#include <stop_token>

#include "agent/options.h"

namespace holdfast::agent {

// Blocks until `stop`. Refuses with what keeps the agent from working at all.
Result<> run_agent(const Options& options, const std::stop_token& stop);

}  // namespace holdfast::agent
