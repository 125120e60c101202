// SPDX-License-Identifier: Apache-2.0
// What an agent does when it is told to end because its own Deployment was deleted by hand: as long as
// it lives nobody else brings it back, so it uses the grace period of its pod for that.
#pragma once

#include <string>

#include "agent/context.h"

namespace holdfast::agent {

// The Application that keeps the agent's Deployment in `namespace_name` equal to Git by itself;
// "" when there is none.
std::string keeper_of_itself(Store& store, const std::string& namespace_name);

// Does `status.resources` of an Application that heals itself name the agent's Deployment?
bool keeps_agent(const Value& application, const std::string& namespace_name);

// Returns at once unless the Deployment is gone and an Application keeps it. Starts the sync of that one
// object, as a person would: the growing pauses of self-heal may outlast this process. The workers must
// still run. Returns when the Deployment is there again, or after `patience`.
void bring_itself_back(Context& context, const std::string& namespace_name, Duration patience);

}  // namespace holdfast::agent
