// SPDX-License-Identifier: Apache-2.0
// Finding a node that lives in a state folder: its plan and its supervisor's processes.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "node/plan.h"
#include "node/process.h"

namespace holdfast::node {

struct Identity {
  pid_t supervisor = 0;
  pid_t inner = 0;            // process 1 of the node; 0 when it is simulated
  std::uint64_t network = 0;  // the network namespace's inode
  std::string generation;     // of the plan it runs
};

// The living supervisor; nothing when none holds the lock.
std::optional<Identity> find_supervisor(const Layout& layout);

// The outermost supervisor processes of this user that serve the folder, by their command lines: also
// those that no lock in the folder tells of, because it was deleted by hand under them.
std::vector<pid_t> supervisors_of(const std::string& state_dir);

// The plan on disk; nothing when there is no node in the folder.
std::optional<Plan> find_plan(const Layout& layout);

// A program of the node, run where the node's components run.
Command command_in_node(const Plan& plan, const Identity& identity, std::vector<std::string> argv);

// kubectl with the administrator's rights.
Command kubectl(const Plan& plan, const Identity& identity, std::vector<std::string> arguments);

}  // namespace holdfast::node
