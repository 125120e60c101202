// SPDX-License-Identifier: Apache-2.0
// `holdfast e2e`: a repository on trial. Brings it up on a fresh kind cluster, or on this machine as a node,
// waits for every Application, prints JUnit XML and takes the cluster away again.
#pragma once

#include "base/result.h"
#include "console.h"
#include "install.h"

namespace holdfast::bootstrap {

struct E2eOptions {
  InstallOptions install;    // with Where::cluster: a kind cluster of the cluster's name
  std::string kind_config;   // kind's own file; empty: one node of the image that kind takes by itself
};

// The XML goes to `console`, what happens meanwhile to standard error. Leaves with Exit::differences when
// an Application is not Synced and Healthy or the cluster did not come up; refuses what was wrong before
// there was anything to try.
Result<> run_e2e(const E2eOptions& options, Console& console);

}  // namespace holdfast::bootstrap
