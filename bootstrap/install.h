// SPDX-License-Identifier: Apache-2.0
// The whole path: from a bundle and a machine, or a bundle and a kubeconfig, to a cluster that manages
// itself. One code path for `up`, `install` and `resume`: each step is check → act → verify against
// the world, so the same command goes on wherever an earlier run ended.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "commands/repo.h"
#include "console.h"
#include "node/node.h"

namespace holdfast::bootstrap {

enum class Where {
  node,     // make this machine a node first
  cluster,  // a cluster that a kubeconfig names
};

struct InstallOptions {
  Where where = Where::cluster;
  std::string bundle;     // path of the .hfb file; empty, with Where::cluster: images are pulled
  std::string trust_dir;  // empty: ~/.config/holdfast/trust
  node::Options node;     // with Where::node; its state_dir also holds the journal
  std::string kubeconfig;  // with Where::cluster; empty: KUBECONFIG, ~/.kube/config
  std::string context;
  RepoInitOptions repository;
  Duration timeout = std::chrono::minutes(5);  // without progress
};

// Errors name what was waited for; what is done by then stays done and is in the journal.
Result<> install(const InstallOptions& options, Console& console);

}  // namespace holdfast::bootstrap
