// SPDX-License-Identifier: Apache-2.0
// What is told: the Argo-shaped status of an Application, from what was compared and decided. Pure; the
// writer sends only the difference to the status before. It is the only memory between steps.
// Mirrors argoproj/argo-cd 3.6 types.go: ApplicationStatus and controller/appcontroller.go.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sync/judge.h"
#include "sync/operation.h"

namespace holdfast::sync {

struct Comparison {
  std::vector<std::string> revisions;     // as resolved, or as asked for where that was not possible
  std::vector<std::string> source_types;  // "Directory"; empty when rendering was not possible
  std::vector<std::string> images;
};

// Everything that a finished comparison changes in the status.
Value report_comparison(Value status, const Application& application, const Comparison& comparison,
                        const Judgement& judgement, WallTime now);

// An Application that cannot be looked at at all: both Unknown.
Value report_refusal(Value status, WallTime now);

// Replaces the conditions of the given types; what did not change keeps its time.
Value report_conditions(Value status, const std::vector<Condition>& conditions,
                        const std::vector<std::string_view>& types, WallTime now);

// A finished sync becomes an entry of the history.
Value report_history(Value status, const Application& application, const OperationState& state,
                     const Operation& operation, WallTime now);

// Are there pods of this object, as its kind and status tell?
bool has_pods(const Value& live);

std::vector<std::string> live_images(const std::vector<Delta>& deltas);

}  // namespace holdfast::sync
