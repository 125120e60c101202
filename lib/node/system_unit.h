// SPDX-License-Identifier: Apache-2.0
// The node's one systemd unit, on machines whose process 1 is systemd. Elsewhere the supervisor is a
// process of its own session.
#pragma once

#include <string>

#include "base/result.h"

namespace holdfast::node {

// "holdfast-node.service" for the default state folder, with a digest of the folder's path for others.
std::string unit_name(const std::string& state_dir);

std::string render_unit(const std::string& program, const std::string& state_dir);

// Writes, enables and starts it. Refuses with node_component and systemctl's words.
Result<> start_unit(const std::string& program, const std::string& state_dir);
Result<> remove_unit(const std::string& state_dir);  // absent is fine

}  // namespace holdfast::node
