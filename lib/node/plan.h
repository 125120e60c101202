// SPDX-License-Identifier: Apache-2.0
// What the supervisor is told: which programs to run, in which order, in which surroundings. A JSON file
// beside the node, so that the supervisor outlives and survives the command that wrote it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "node/settings.h"

namespace holdfast::node {

struct PlannedComponent {
  std::string name;
  std::vector<std::string> argv;
  std::vector<std::string> after;   // names that must be ready before it starts
  std::uint16_t ready_port = 0;     // ready when loopback answers here; 0: not asked
  std::string ready_socket;         // or when this socket answers
  std::string stamp = {};           // changes with anything that asks for a restart of a program beside
};

struct Plan {
  bool simulated = false;
  std::string host, inside;         // Layout's
  std::string node_name, api;
  std::string address;
  bool bridged = false;
  std::string cgroup;
  std::string generation;           // changes with anything that asks for a restart
  std::vector<std::string> workarounds;  // for people
  std::vector<PlannedComponent> components;
};

Plan make_plan(const Settings& settings);

std::string render_plan(const Plan& plan);
Result<Plan> parse_plan(std::string_view text);

// Programs of others that run beside the node's own components (run_beside): a file of its own, which
// the supervisor reads at its start and again on SIGHUP. Nothing when the file is absent or damaged.
std::vector<PlannedComponent> load_beside(const std::string& host);
Result<> save_beside(const std::string& host, const std::vector<PlannedComponent>& programs);

}  // namespace holdfast::node
