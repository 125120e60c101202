// SPDX-License-Identifier: Apache-2.0
// An Application's objects with what they own: managed ones from the status, children by ownerReferences,
// read with the caller's rights. It does not know how it is printed by anyone else.
#pragma once

#include <string>
#include <vector>

#include "commands/app.h"
#include "kube/client.h"
#include "sync/application.h"

namespace holdfast::bootstrap {

struct TreeNode {
  std::string group{}, version{}, kind{}, namespace_{}, name{};
  std::string status{};  // sync status; "" for children
  std::string health{}, message{};
  std::string created{};  // "2026-11-23T08:00:00Z"
  std::string outcome{};  // what the last operation said of it
  std::vector<TreeNode> children{};
};

// Children that the caller may not list are left out.
Result<std::vector<TreeNode>> read_tree(kube::Client& client, const sync::Application& application);
std::string format_tree(const std::vector<TreeNode>& roots);
// With ages and what the last operation said.
std::string format_detailed_tree(const std::vector<TreeNode>& roots, WallTime now);
// "42s", "5m", "3h20m", "2d4h": as kubectl prints ages.
std::string age_text(Duration age);

// What AppFormat::tree and AppFormat::tree_detailed print.
Result<std::string> tree_text(kube::Client& client, const sync::Application& application, AppFormat format);

}  // namespace holdfast::bootstrap
