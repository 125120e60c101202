// SPDX-License-Identifier: Apache-2.0
// Time that passes between two looks at the world.
#pragma once

#include <stop_token>

#include "base/clock.h"

namespace holdfast::agent {

// Returns early when `stop` is requested.
void pause(Duration duration, const std::stop_token& stop);

}  // namespace holdfast::agent
