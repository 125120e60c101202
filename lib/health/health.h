// SPDX-License-Identifier: Apache-2.0
// Is a live object well? Kinds that every cluster has are judged here; others by Lua scripts
// (custom.h). Pure. It does not know how objects are fetched. Mirrors argoproj/argo-cd 3.6
// gitops-engine/pkg/health.
#pragma once

#include "value/value.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::health {

// From best to worst: an Application is as well as its worst object.
enum class Status { healthy, suspended, progressing, missing, degraded, unknown };

std::string_view to_string(Status status);  // "Healthy"
std::optional<Status> parse_status(std::string_view text);

struct Health {
  Status status = Status::healthy;
  std::string message;

  bool operator==(const Health&) const = default;
};

// The built-in rule of the object's kind; nothing when its kind has no health. An object that is
// being deleted is Progressing, whatever its kind.
std::optional<Health> assess_builtin(const Value& live);

// Progressing while a deletion hangs, unless only the engine's hook finalizer holds it.
std::optional<Health> pending_deletion(const Value& live);

}  // namespace holdfast::health
