// SPDX-License-Identifier: Apache-2.0
// The end of a project: its finalizer holds it until no Application says it any more. Mirrors argoproj/argo-cd 3.6
// controller/appcontroller.go: finalizeProjectDeletion.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/context.h"

namespace holdfast::agent {

// The work queue's key of a project; no Application is called so, since names have no '/'.
std::string project_key(std::string_view name);
// The project whose key it is; nothing when it is an Application's.
std::optional<std::string> project_of_key(std::string_view key);

// Takes the finalizer off a project that is being deleted and that no Application needs; else nothing.
Result<> end_project(Context& context, const std::string& name);

}  // namespace holdfast::agent
