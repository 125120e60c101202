// SPDX-License-Identifier: Apache-2.0
// Targets against what lives: one Delta per object. The API server has answered already what applying a
// target would give (predict.h); here only values are compared. Pure.
// Mirrors argoproj/argo-cd 3.6 controller/state.go: CompareAppState and gitops-engine/pkg/diff
// (server-side diff).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "sync/ignore.h"
#include "sync/key.h"
#include "sync/project.h"
#include "sync/target.h"
#include "sync/tracking.h"

namespace holdfast::sync {

using ObjectPtr = std::shared_ptr<const Value>;
using Live = std::map<Key, ObjectPtr>;

// What applying one target would leave, or why the server refuses it.
struct Prediction {
  ObjectPtr object;             // null: not asked (nothing lives, or known to be equal)
  std::optional<Error> refusal;
  ObjectPtr live;               // what lives, where the cache holds another version of its kind
  bool known_equal = false;     // the cache knows: same target, same owned fields
};
using Predictions = std::map<Key, Prediction>;

enum class Match { same, modified, missing, extra, unknown };

struct Delta {
  Key key;
  std::string version;
  ObjectPtr target, live;
  int wave = 0;
  bool hook = false;       // a live hook object, or one that names itself so
  bool skip = false;       // target with hook word Skip
  bool own = true;         // the live object's tracking id names itself
  bool permitted = true;   // the project permits the kind
  bool namespaced = true;
  Match match = Match::same;
  bool exact = false;      // same, and without anything ignored: an apply would change nothing
};

enum class RefusalPolicy {
  fail,     // ServerSideDiff=true: one refused object makes the comparison impossible
  compare,  // otherwise the target's own fields are compared with the live ones
};

// Which fields of an object are compared: those that we own, now or then, or also what the server and its
// webhooks would set (IncludeMutationWebhook=true).
enum class Compared { owned, whole };

struct CompareOptions {
  const Ignore& ignore;
  const Tracking& tracking;
  RefusalPolicy refusals = RefusalPolicy::compare;
  Compared compared = Compared::owned;
};

// `live`: the Application's tracked objects and those that have a target.
Result<std::vector<Delta>> compare(const Targets& targets, const Predictions& predictions,
                                   const Live& live, const CompareOptions& options);

// Does applying `predicted` change what lives?
bool differs(const Key& key, const Value& live, const Value& predicted, const Ignore& ignore, Compared compared = Compared::owned);

// Is every value of `target` in `live`? For servers that cannot say (aggregated APIs, refusals).
bool contains(const Value& live, const Value& target);

}  // namespace holdfast::sync
