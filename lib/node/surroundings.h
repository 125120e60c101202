// SPDX-License-Identifier: Apache-2.0
// What a real node needs around its components, made by the supervisor inside its own mount and process
// namespaces: mounts that die with it, the node's links and routes, kernel settings, a cgroup. What
// outlives the supervisor is written to the undo record before it is made.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/handle.h"
#include "base/result.h"
#include "node/plan.h"

namespace holdfast::node {

// What `node down` takes back beside the fixed names (links, nft tables, cgroup).
struct Undo {
  std::vector<std::string> folders;              // mount points that were not there
  std::map<std::string, std::string> kernel;     // /proc/sys path → value before
};

Undo load_undo(const std::string& path);
Result<> save_undo(const std::string& path, const Undo& undo);

// The node's fixed path, made and held: nodes that live share the lock, `down` takes the mount points
// back only when it can have it alone. (Removing a folder detaches what another mount namespace has
// mounted on it.)
Result<FileDescriptor> hold_root(const std::string& undo_path);

// Takes the mount points that a node made back, deepest first, and `root` after them. While another node
// holds `root` they stay, noted in it: the last node that goes takes them with its own.
Result<> release_mount_points(const std::string& root, std::vector<std::string> folders);

// Called once, in the new namespaces, before any component starts.
Result<> prepare_surroundings(const Plan& plan);

}  // namespace holdfast::node
