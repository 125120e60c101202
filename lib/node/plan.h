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

}  // namespace holdfast::node
