// SPDX-License-Identifier: Apache-2.0
// The tasks of a sync: one for each object in scope and one for each phase of each hook, in the order in
// which they run, overlaid with what earlier steps have done. Pure.
// Mirrors argoproj/argo-cd 3.6 gitops-engine/pkg/sync: sync_context.go getSyncTasks, sync_tasks.go.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sync/compare.h"
#include "sync/operation.h"
#include "sync/project.h"

namespace holdfast::sync {

struct Task {
  Phase phase = Phase::sync;
  int wave = 0;
  Key key;           // of the object in the cluster
  Key result_key;    // as results name it: cluster-scoped targets carry the destination namespace
  std::string version;
  ObjectPtr target;  // null: a prune
  ObjectPtr live;    // null: nothing lives
  bool is_hook = false;
  bool makes_namespace = false;  // CreateNamespace=true
  bool kind_missing = false;     // tolerated until it is applied
  bool modified = true;
  bool exact = false;            // as Delta's
  DeletePolicy policy;
  // What earlier steps left.
  std::string status;
  std::optional<OperationPhase> state;
  std::string message;

  [[nodiscard]] bool prune() const { return target == nullptr; }
  [[nodiscard]] bool pending() const { return !state; }
  // An earlier step tried it and found that something is not there yet.
  [[nodiscard]] bool held() const { return !state && !message.empty(); }
  [[nodiscard]] bool running() const { return state == OperationPhase::running; }
  [[nodiscard]] bool done() const { return state && completed(*state); }
  [[nodiscard]] bool good() const { return state == OperationPhase::succeeded; }
  [[nodiscard]] const Value& object() const { return target != nullptr ? *target : *live; }
};

// How a kind is served: nothing in `error` when this version is.
struct Served {
  bool known = false;   // the version is served
  bool absent = false;  // the cluster says that it is not (not that it does not answer)
  bool namespaced = true;
  std::string problem;         // the operation's message
  std::string object_problem;  // the object's message
};
using FindServed =
    std::function<Served(std::string_view group, std::string_view version, std::string_view kind)>;

struct SyncRequest {
  std::string application;
  std::string namespace_;           // the destination's
  Operation operation;
  WallTime started{};
  WallTime now{};
  std::string revision;             // for the names of generateName hooks
  bool prunes_approved = false;     // argocd.argoproj.io/deletion-approved is late enough
  Value namespace_metadata;         // managedNamespaceMetadata, null when absent
  std::string migrated_manager;     // whose client-side applies become ours; "": nobody's
  ObjectPtr live_namespace;         // the destination namespace's object, null when there is none
  std::vector<TaskResult> results;  // of earlier steps
};

struct Plan {
  std::vector<Task> tasks;          // sorted
  std::string refusal;              // why none of them may run; the tasks' own texts are in `message`
  bool multi_step = false;
};

struct PlanInput {
  const std::vector<Delta>& deltas;
  const Targets& targets;
  const Live& live;
  const Project& project;
};

Plan plan_tasks(const SyncRequest& request, const PlanInput& input, const FindServed& served);

// The Namespace object that CreateNamespace=true makes.
Value namespace_object(std::string_view name, const Value& metadata);

std::vector<std::string> images_of(const Value& object);

}  // namespace holdfast::sync
