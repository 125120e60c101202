// SPDX-License-Identifier: Apache-2.0
// The engine's agent where pods are simulated: taken out of the bundle's image, with its own libraries, and
// run on this machine beside the node, with the flags of its Deployment and the rights of its service
// account. The Deployment's own pods run nothing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "bundle/bundle.h"
#include "installation.h"

namespace holdfast::bootstrap {

// Unpacks the image of the bundle's engine below <state>/agent, once for each image, and returns how to
// start its program: the image's loader, its folder of libraries, the program.
// Refuses with Code::bundle_content, file_unwritable, disk_full.
Result<std::vector<std::string>> unpack_agent(const bundle::Bundle& bundle, const std::string& state_dir);

// Starts the agent or makes the running one follow its Deployment, records in the cluster where it answers,
// and waits until it does.
Result<> run_agent_here(const Installation& run, kube::Client& client, const ClusterSettings& cluster, Step& step);

// "http://127.0.0.1:6449" where the agent runs on this machine, "" where it runs in a pod. Asks only
// clusters whose API server is on this machine, too.
Result<std::string> find_agent_here(kube::Client& client, const std::string& engine_namespace);

}  // namespace holdfast::bootstrap
