// SPDX-License-Identifier: Apache-2.0
// Kubernetes Events about Applications, with upstream's reasons.
// Mirrors argoproj/argo-cd 3.6 util/argo/audit_logger.go.
#pragma once

#include "agent/context.h"
#include "sync/application.h"
#include "sync/operation.h"

namespace holdfast::agent {

void announce_operation(Context& context, const sync::Application& application, const sync::OperationState& state);
void announce_change(Context& context, const sync::Application& application, const Value& status_before);
void announce_deletion(Context& context, const sync::Application& application);

}  // namespace holdfast::agent
