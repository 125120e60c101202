// SPDX-License-Identifier: Apache-2.0
// What a sync would change, for `app diff` and for a sync that is looked at first.
#pragma once

#include "commands/app_render.h"

namespace holdfast::bootstrap {

// Unified diffs under a line that names the object; empty: nothing would change. Asked of the API server as a
// dry run with the caller's rights.
Result<std::string> difference_to(AppAccess& access, const sync::Application& application, const sync::Settings& settings,
                                  const sync::Targets& targets);

}  // namespace holdfast::bootstrap
