// SPDX-License-Identifier: Apache-2.0
// A folder of scripts in the layout of argo-cd's resource_customizations: <group>/<Kind>/health.lua,
// <group>/<Kind>/actions/discovery.lua and <group>/<Kind>/actions/<name>/action.lua; kinds of the
// core group stand at the top. A _ in a group's or kind's name matches anything.
#pragma once

#include "health/actions.h"
#include "health/custom.h"
#include "tree/file_tree.h"

#include <map>
#include <string>

namespace holdfast::health {

struct Customizations {
  Scripts health;
  std::map<std::string, ActionScripts, std::less<>> actions;  // group_kind → its scripts
};

// Other files are passed over. Refuses with Code::limit (a script or their sum too large), or what
// reading gives.
Result<Customizations> load_customizations(const tree::FileTree& folder);

}  // namespace holdfast::health
