// SPDX-License-Identifier: Apache-2.0
// The only writer of Applications: the difference between what was told before and what is told now, as
// one merge patch; nothing at all when there is none.
// Mirrors argoproj/argo-cd 3.6 controller/appcontroller.go: persistAppStatus, setAppOperation.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/context.h"
#include "sync/application.h"

namespace holdfast::agent {

struct StatusChange {
  Value status;                               // the whole new status
  bool drop_refresh = false;                  // the refresh that was asked for is done
  bool drop_operation = false;                // with its result in `status`
  std::optional<Value> start_operation;       // only if none came in between
  std::optional<std::vector<std::string>> finalizers;
};

// `application` is brought to what the server holds then. Code::resource_version when somebody was
// faster: the key is to be taken again.
Result<> write_status(Context& context, sync::Application& application, const StatusChange& change);

// What is written where all of it is too large for the API server: the objects first that are not well, and that it is so.
StatusChange shortened(StatusChange change, WallTime now);

// Does `written` hold what neither `before` nor `patch` says? Then somebody else wrote in between.
bool changed_by_others(const Value& before, const Value& patch, const Value& written);

// Brings `application` to what it will be; the next write_status() tells it with its own change.
void hold_status(sync::Application& application, const StatusChange& change);
// Writes what is still held, if anything.
Result<> tell_held(Context& context, sync::Application& application);

}  // namespace holdfast::agent
