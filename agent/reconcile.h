// SPDX-License-Identifier: Apache-2.0
// One Application, once, from top to bottom: what happened → pinned inputs → decision → writes → report.
// It performs at most a few waves and returns; the next event or deadline brings the key back.
#pragma once

#include <string>

#include "agent/context.h"

namespace holdfast::agent {

// `instance`: see sync::instance_name(). `object`: the Application as it stands now, null when it is gone. When to look
// again, if nothing happens before; errors come back with the queue's back-off.
Result<std::optional<Duration>> reconcile(Context& context, const std::string& instance, const Value* object, Memory& memory);

}  // namespace holdfast::agent
