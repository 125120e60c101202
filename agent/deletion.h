// SPDX-License-Identifier: Apache-2.0
// An Application that is being deleted: what its finalizers promise, one step at a time. Nothing is let go
// before the view of the cluster is complete and shows that the promise is kept.
// Mirrors argoproj/argo-cd 3.6 controller/appcontroller.go: finalizeApplicationDeletion, hook.go.
#pragma once

#include "agent/context.h"
#include "sync/application.h"

namespace holdfast::agent {

// True when a step was made and the next one may follow at once; else events bring the key back.
Result<bool> finalize(Context& context, sync::Application& application, Memory& memory);

// The finalizers that PreDelete and PostDelete hooks among the targets ask for; nothing when the
// Application carries just these.
std::optional<std::vector<std::string>> hook_finalizers(const sync::Application& application,
                                                        const sync::Targets& targets);

}  // namespace holdfast::agent
