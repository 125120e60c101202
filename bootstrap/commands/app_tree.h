// SPDX-License-Identifier: Apache-2.0
// An Application's objects with what they own: managed ones from the status, children by ownerReferences,
// read with the caller's rights. It does not know how it is printed by anyone else.
#pragma once

#include <string>
#include <vector>

#include "kube/client.h"
#include "sync/application.h"

namespace holdfast::bootstrap {

struct TreeNode {
  std::string group{}, version{}, kind{}, namespace_{}, name{};
  std::string status{};  // sync status; "" for children
  std::string health{}, message{};
  std::vector<TreeNode> children{};
};

// Children that the caller may not list are left out.
Result<std::vector<TreeNode>> read_tree(kube::Client& client, const sync::Application& application);
std::string format_tree(const std::vector<TreeNode>& roots);

}  // namespace holdfast::bootstrap
