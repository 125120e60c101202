// SPDX-License-Identifier: Apache-2.0
// Files of a node on disk: decide the settings, unpack, make certificates, write configurations and the
// plan. Nothing runs yet when this returns.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "node/components.h"
#include "node/machine.h"
#include "node/node.h"
#include "node/plan.h"
#include "node/settings.h"

namespace holdfast::node {

// Pure but for the links' addresses: refuses with node_capability when mode is `containers` and the
// machine cannot.
Result<Settings> decide(const Options& options, const Machine& machine);

// The parent of all pods' cgroups of the node in this folder: "/holdfast-1f2e3d4c".
std::string pods_cgroup(const std::string& state_dir);

// Brings the state folder to these settings and returns the plan written last.
Result<Plan> install(const Settings& settings, const Components& components, const Clock& clock,
                     const Progress& progress);

}  // namespace holdfast::node
