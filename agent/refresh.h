// SPDX-License-Identifier: Apache-2.0
// Is it time to ask Git, and what does the spec's state look like now? Carries the comparison into the
// status and lets automation start an operation. Rows 1, 5 to 13 and 17 of the walk.
// Mirrors argoproj/argo-cd 3.6 controller/appcontroller.go: needRefreshAppStatus,
// processAppRefreshQueueItem.
#pragma once

#include <optional>

#include "agent/context.h"
#include "agent/pin.h"
#include "sync/application.h"

namespace holdfast::agent {

struct RefreshResult {
  bool operation_started = false;
  std::optional<Duration> look_again;
};

// `freshness`: an operation that has ended may have used commits that are newer than what is remembered.
Result<RefreshResult> refresh(Context& context, sync::Application& application, Memory& memory,
                              Freshness freshness);

}  // namespace holdfast::agent
