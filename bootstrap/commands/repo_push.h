// SPDX-License-Identifier: Apache-2.0
// `holdfast repo push`: publishes the repository's branch to the cluster's built-in Git, with the
// rights of whoever runs it: a token of the service account holdfast-push is asked for, and the way
// leads through the API server's service proxy, or to the agent on this machine where pods are simulated.
// It does not know how the agent judges the token.
#pragma once

#include "base/result.h"
#include "console.h"
#include "kube/client.h"
#include "repository.h"

#include <string>
#include <vector>

namespace holdfast::bootstrap {

struct PushOptions {
  std::string folder;       // in the repository
  std::string endpoint;     // the agent's own URL; empty: found out
  ClusterSettings cluster;  // whose namespace, branch and repository name count
};

struct PushReport {
  std::string text;  // "main is at 8f1c2d3, 2 commits published"
  std::string branch;
  std::string before, after;  // commits; `before` is "" when the branch is new
  std::size_t commits = 0;
  bool simulated = false;  // the cluster's pods are simulated
  std::vector<std::string> uncommitted;  // what is not published, at most 100 paths
};

// Code::git_unreachable and Code::cluster_unreachable while the agent does not answer: a caller
// that waits for it asks again. Refuses otherwise as git::push_to() and with Code::repo_layout.
Result<PushReport> push_repository(kube::Client& client, const PushOptions& options);

struct RepoPushOptions {
  PushOptions push;
  std::string kubeconfig, context;  // empty: the usual places, the current one
};

Result<> run_repo_push(const RepoPushOptions& options, Console& console);

}  // namespace holdfast::bootstrap
