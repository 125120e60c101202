// SPDX-License-Identifier: Apache-2.0
// One Application, once, from top to bottom: what happened → pinned inputs → decision → writes → report.
// It performs at most a few waves and returns; the next event or deadline brings the key back.
#pragma once

#include <string>

#include "agent/context.h"

namespace holdfast::agent {

// When to look again, if nothing happens before; errors come back with the queue's back-off.
Result<std::optional<Duration>> reconcile(Context& context, const std::string& name, Memory& memory);

}  // namespace holdfast::agent
