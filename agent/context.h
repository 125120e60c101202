// SPDX-License-Identifier: Apache-2.0
// What a reconciliation may use, and what is remembered of an Application between two of them. Losing
// the memory costs time and nothing else: all truth is in Git and in the API server.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/errands.h"
#include "base/clock.h"
#include "base/work_queue.h"
#include "charts/charts.h"
#include "git/mirrors.h"
#include "kube/events.h"
#include "agent/signatures.h"
#include "agent/store.h"
#include "sync/cluster.h"
#include "sync/predict.h"
#include "sync/target.h"

namespace holdfast::agent {

// The rendered state of one set of pinned sources.
struct Rendered {
  std::vector<std::string> revisions;     // commits
  std::vector<std::string> source_types;
  std::shared_ptr<const sync::Targets> targets;
  Value sources;                          // what was rendered: the array of sources
  std::uint64_t configuration = 0;        // the settings' generation
};

struct Memory {
  std::optional<Rendered> rendered;  // of the spec
  std::optional<Error> refusal;        // why there is none
  std::uint64_t refused_access = 0;    // the store's access_generation() of then
  std::optional<SteadyTime> resolved;  // when Git was asked last
  std::optional<SteadyTime> anew;      // when everything was last rendered anew
  std::minstd_rand random{std::random_device{}()};
  enum class Asking { nothing, now, anew } asking = Asking::nothing;  // what a look that left before its answer wanted
  std::optional<Rendered> operation;   // of the running operation, when it differs
  std::uint64_t configuration = 0;
  std::string counted_operation;       // the end of the operation that metrics have counted last
  std::optional<std::size_t> orphans;  // of the last comparison, where the project asks for them
};

struct Context {
  const Clock& clock;
  kube::Client& client;
  Store& store;
  git::Mirrors& mirrors;
  charts::Charts& charts;
  sync::Cluster& cluster;
  sync::Predictor& predictor;
  kube::EventRecorder& events;
  AcceptedHistories& accepted;
  WorkQueue& queue;
  std::stop_token stop;
  std::string built_in_url;  // of the repository that this agent serves; "" when it serves none
  Errands& errands;
  Look look;  // that this is; the asker is the queue's key
};

}  // namespace holdfast::agent
