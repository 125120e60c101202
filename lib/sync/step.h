// SPDX-License-Identifier: Apache-2.0
// What a sync does next: at most one wave of changes, or a wait, or its end. A step function: its memory
// between calls is the list of results, so a crash anywhere repeats at most one idempotent wave. It
// never waits and never looks at the world. Pure.
// Mirrors argoproj/argo-cd 3.6 gitops-engine/pkg/sync/sync_context.go: Sync, runTasks, Terminate; without
// its pause between waves and its client-side dry run of everything.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "health/health.h"
#include "sync/task.h"

namespace holdfast::sync {

struct Change {
  enum class Verb {
    apply,         // create or bring to the target
    prune,         // delete an object that Git does not have
    delete_hook,   // by its delete policy
    release_hook,  // take the engine's finalizer off
  };

  Verb verb = Verb::apply;
  std::size_t task = 0;  // index into the plan
  int group = 0;         // changes of one group may run together, groups one after the other
};

struct Step {
  OperationPhase phase = OperationPhase::running;
  std::string message;
  std::vector<Change> changes;
  // After the changes: does the operation end here when all of them succeed?
  bool ends_when_done = false;
  bool comes_back = false;  // something is not there yet: the next call may find it
  bool acts = false;  // `changes` holds a wave, whose outcomes decide (conclude)
  std::vector<Change> when_succeeded;  // follow only if the operation ends well here
};

// What became of one change; aligned with Step::changes.
struct Outcome {
  bool ok = true;
  std::string status;   // Synced, SyncFailed, Pruned, PruneSkipped
  std::string message;
  ObjectPtr applied;    // what the whole target is in the cluster now; null when it is not known
};

using Assess = std::function<std::optional<health::Health>(const Value& live)>;

// Updates the plan's tasks from live health and says what to do. An operation in phase terminating
// is taken down.
Step next_step(Plan& plan, const SyncRequest& request, OperationPhase phase, const Assess& assess);

// Writes the outcomes of the step's changes into the tasks and decides how the operation stands.
void conclude(Plan& plan, const SyncRequest& request, Step& step, const std::vector<Outcome>& outcomes);

// The tasks that have a result, in the order in which they first got one.
std::vector<TaskResult> results_of(const Plan& plan, const std::vector<TaskResult>& before);

}  // namespace holdfast::sync
