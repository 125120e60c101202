// SPDX-License-Identifier: Apache-2.0
// `.operation` and `status.operationState`: what a sync was asked to do and how far it is. The list of
// results is the program counter of a sync; it lives in the Application's status and nowhere else.
// Mirrors argoproj/argo-cd 3.6 types.go: Operation, OperationState, SyncOperationResult.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "sync/application.h"
#include "sync/hook.h"
#include "sync/key.h"
#include "sync/options.h"

namespace holdfast::sync {

enum class OperationPhase { running, terminating, succeeded, failed, error };
std::string_view to_string(OperationPhase phase);
std::optional<OperationPhase> parse_operation_phase(std::string_view text);
bool completed(OperationPhase phase);

// What became of one object in one phase of a sync.
struct TaskResult {
  Key key;
  std::string version;
  Phase phase = Phase::sync;
  std::string status;                         // Synced, SyncFailed, Pruned, PruneSkipped, ""
  std::optional<OperationPhase> hook_phase;   // upstream's name; also filled for ordinary objects
  bool is_hook = false;
  std::string hook_type;
  std::string message;
  std::vector<std::string> images;
};

Value encode_result(const TaskResult& result);
TaskResult decode_result(const Value& value);

// Where the result of an object in a phase stands.
using ResultIndex = std::map<std::pair<Phase, Key>, std::size_t>;
ResultIndex index_of(const std::vector<TaskResult>& results);

// One entry of operation.sync.resources.
struct Selector {
  std::string group, kind, namespace_, name;  // no namespace: any
};

struct Operation {
  std::vector<Source> sources;          // empty: the spec's
  std::vector<std::string> revisions;   // empty or "": the source's targetRevision
  bool multi_source = false;
  bool prune = false, dry_run = false, force = false, apply_strategy = false;
  bool automated = false;
  std::vector<Selector> selectors;
  Options options;
  std::vector<std::string> manifests;
  bool brings_manifests = false;
  std::int64_t heal_attempts = 0;
  std::optional<RetryPolicy> retry;
  Value initiated_by;
};

// Nothing when it has no `sync`.
std::optional<Operation> decode_operation(const Value& operation);

struct OperationState {
  OperationPhase phase = OperationPhase::running;
  std::string message;
  WallTime started{};
  std::optional<WallTime> finished;
  std::int64_t retries = 0;
  std::vector<TaskResult> results;
  bool has_result = false;
  std::vector<std::string> revisions;  // resolved ones, once the first comparison is done
  Value sources;                       // of the result: an object or, with several, an array
  bool multi_source = false;
  Value namespace_metadata;
  Value operation;                     // as it was asked, verbatim
};

std::optional<OperationState> decode_state(const Value& status);
Value encode_state(const OperationState& state);

}  // namespace holdfast::sync
