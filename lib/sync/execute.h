// SPDX-License-Identifier: Apache-2.0
// The only writer of user objects. Every change is safe to repeat, and a removal looks at the object
// again first: it must still be the one that was judged, and still be ours.
// Mirrors argoproj/argo-cd 3.6 gitops-engine/pkg/sync/sync_context.go: applyObject, pruneObject,
// deleteHooks and performCSAUpgradeMigration; always as server-side apply.
#pragma once

#include <set>
#include <stop_token>
#include <vector>

#include "kube/client.h"
#include "sync/claims.h"
#include "sync/cluster.h"
#include "sync/step.h"

namespace holdfast::sync {

struct ExecuteOptions {
  std::string application;
  Tracking tracking;
  const Claims& claims;
  const Targets* own = nullptr;  // what the Application is made of, all of it
};

// Outcomes are aligned with step.changes. Ends early, with fewer outcomes, when `stop` is requested.
struct ExecuteInput {
  const Plan& plan;
  const SyncRequest& request;
  const Step& step;
  const ExecuteOptions& options;
};

// The kinds of which the step removes objects that Git does not have. It waits while the view of one of them is
// not complete (I2): a prune that is left out is forgotten by the operation, which succeeds without it.
std::set<GroupKind> pruned_kinds(const ExecuteInput& input);

std::vector<Outcome> execute(kube::Client& client, Cluster& cluster, const ExecuteInput& input,
                             const std::stop_token& stop);

// The changes that follow a success; their outcomes change nothing.
void execute_cleanup(kube::Client& client, Cluster& cluster, const ExecuteInput& input);

// For the deletion of an Application: removes one object that is still ours, whoever else has it in Git.
Result<> remove_owned(kube::Client& client, Cluster& cluster, const Value& live,
                      const ExecuteOptions& options, kube::Propagation propagation);

// PreDelete and PostDelete hooks of a deletion.
Result<ObjectPtr> create_hook(kube::Client& client, Cluster& cluster, const Value& hook);
Result<> release_hook(kube::Client& client, Cluster& cluster, const Value& live);

}  // namespace holdfast::sync
