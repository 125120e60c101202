// SPDX-License-Identifier: Apache-2.0
// The operation of an Application: begins it, carries it one step further, retries or ends it. It waits for
// nothing: between two steps everything is in status.operationState. Rows 13 to 17 of the walk.
// Mirrors argoproj/argo-cd 3.6 controller/appcontroller.go: processRequestedAppOperation and
// controller/sync.go: SyncAppState.
#pragma once

#include <optional>

#include "agent/context.h"
#include "agent/evaluate.h"
#include "sync/operation.h"

namespace holdfast::agent {

struct OperateResult {
  bool ended = false;                     // the operation is over
  bool ask_git = false;                   // and may have seen commits that the spec's view has not
  std::optional<Duration> look_again;     // a retry is due then
  bool again = false;                     // the next step can be taken at once
};

// Does nothing when there is no operation. `application` is left as the server has it afterwards.
Result<OperateResult> operate(Context& context, sync::Application& application, Memory& memory);

// What status.operationState says of an operation that is about to begin.
sync::OperationState new_state(const Context& context, const Value& operation);

bool operation_in_progress(const sync::Application& application);

}  // namespace holdfast::agent
