// SPDX-License-Identifier: Apache-2.0
// `holdfast node up | down | status`: this machine as a single-node Kubernetes (lib/node).
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "console.h"
#include "node/node.h"

namespace holdfast::bootstrap {

// Root's is the machine's, /var/lib/holdfast; anybody else's is $XDG_STATE_HOME/holdfast, by default
// ~/.local/state/holdfast.
std::string default_state_dir();

// Absolute and clean, as the node's processes want it, whatever folder they are started in.
Result<std::string> absolute_path(const std::string& path);

struct NodeUpOptions {
  std::string state_dir = default_state_dir();
  std::string bundle;        // a bundle with a node
  std::string trust_folder;  // empty: the user's own
  std::string components;    // or a folder of programs, as bundles/node/build makes it
  std::string name, address, network_namespace, dns_forward;
  std::string stages;        // a file of kwok's stages, for a simulated node
  std::string mode = "auto";  // auto, containers, simulated
  int api_port = 6443;
  int timeout_seconds = 180;
};

struct NodeDownOptions {
  std::string state_dir = default_state_dir();
  std::string data = "keep";  // keep, remove
};

struct NodeStatusOptions {
  std::string state_dir = default_state_dir();
};

Result<> run_node_up(const NodeUpOptions& options, Console& console);
Result<> run_node_down(const NodeDownOptions& options, Console& console);
// Ends with differences (exit 1) when a node is there and not Ready, or none is there.
Result<> run_node_status(const NodeStatusOptions& options, Console& console);
// The supervisor's own process; hidden.
Result<> run_node_supervise(const NodeStatusOptions& options, Console& console);

}  // namespace holdfast::bootstrap
