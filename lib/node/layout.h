// SPDX-License-Identifier: Apache-2.0
// Where everything of a node lies. The host sees it under the state folder; the components of a real
// node see the same folder at a fixed short path of their own mount namespace, so that the length of
// the state folder's path never meets the 108 bytes of a socket's, and programs that carry their own
// loader find it (bundles/node/build ties them to this path).
#pragma once

#include <string>
#include <string_view>

namespace holdfast::node {

inline constexpr std::string_view node_root = "/run/holdfast-node";

struct Layout {
  std::string state;   // the state folder
  std::string host;    // state/node, as the host sees it
  std::string inside;  // the same folder as the components see it

  static Layout containers(const std::string& state_dir) {
    return {state_dir, state_dir + "/node", std::string(node_root)};
  }
  static Layout simulated(const std::string& state_dir) {
    return {state_dir, state_dir + "/node", state_dir + "/node"};
  }

  // Folders below `host` and `inside` alike.
  static constexpr std::string_view programs = "/bin";
  static constexpr std::string_view pki = "/pki";
  static constexpr std::string_view configuration = "/conf";
  static constexpr std::string_view logs = "/log";
  static constexpr std::string_view data = "/data";  // outlives `node down` unless it is asked to go
  static constexpr std::string_view run = "/run";    // does not

  [[nodiscard]] std::string admin_config() const { return state + "/admin.conf"; }
  [[nodiscard]] std::string command_lock() const { return host + "/command.lock"; }
  [[nodiscard]] std::string supervisor_lock() const { return host + "/supervisor.lock"; }
  [[nodiscard]] std::string plan() const { return host + "/plan.json"; }
  [[nodiscard]] std::string status() const { return host + "/run/status.json"; }
  [[nodiscard]] std::string undo() const { return host + "/undo.json"; }
  [[nodiscard]] std::string program(std::string_view name) const {
    return inside + "/bin/" + std::string(name);
  }
};

}  // namespace holdfast::node
