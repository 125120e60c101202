// SPDX-License-Identifier: Apache-2.0
// What a reconciliation may use.
#pragma once

#include <stop_token>
#include <string>

#include "agent/errands.h"
#include "base/clock.h"
#include "base/work_queue.h"
#include "charts/charts.h"
#include "git/mirrors.h"
#include "kube/events.h"
#include "agent/memory.h"
#include "agent/signatures.h"
#include "agent/store.h"
#include "sync/claims.h"
#include "sync/cluster.h"
#include "sync/predict.h"

namespace holdfast::agent {

struct Context {
  const Clock& clock;
  kube::Client& client;
  Store& store;
  git::Mirrors& mirrors;
  charts::Charts& charts;
  sync::Cluster& cluster;
  sync::Claims& claims;
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
