// SPDX-License-Identifier: Apache-2.0
// Is the Application synced, how well is it, and may it act by itself? Pure: the time is an argument.
// Mirrors argoproj/argo-cd 3.6 controller/state.go, health.go: setApplicationHealth and
// appcontroller.go: autoSync.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "sync/compare.h"
#include "sync/operation.h"
#include "sync/step.h"

namespace holdfast::sync {

// One line of status.resources.
struct Row {
  Key key;
  std::string version;
  std::string status;  // Synced, OutOfSync, Unknown, ""
  std::optional<health::Health> health;
  int wave = 0;
  bool hook = false;
  bool requires_pruning = false;
  bool requires_confirmation = false;
};

struct Judgement {
  std::string sync;  // Synced, OutOfSync, Unknown
  health::Status health = health::Status::healthy;
  std::string health_message;  // whose health that is
  std::vector<Row> rows;
};

enum class TargetsKnown { yes, no };

struct JudgeInput {
  const Application& application;
  const std::vector<Delta>& deltas;
  TargetsKnown targets = TargetsKnown::yes;
  bool namespace_metadata_changed = false;
};

Judgement judge(const JudgeInput& input, const Assess& assess);

// Why automation does not remove what these rows would have pruned; nothing where it may.
std::optional<std::string> removal_problem(const Application& application, const std::vector<Row>& rows, WallTime now);

// What automation does now.
struct AutoSync {
  std::optional<Value> operation;       // to start
  std::optional<Condition> error;       // SyncError, set or cleared with every answer
  std::optional<Duration> look_again;   // selfHeal waits for its back-off
};

// What the commits after the last operation's have to do with the Application (manifest-generate-paths).
enum class Since { unknown, nothing };

struct AutoSyncInput {
  const Application& application;
  const Judgement& judgement;
  const std::vector<std::string>& revisions;
  const std::optional<OperationState>& state;
  WallTime now;
  Since since = Since::unknown;
};

AutoSync decide_auto_sync(const AutoSyncInput& input);

}  // namespace holdfast::sync
