// SPDX-License-Identifier: Apache-2.0
// What app list, app get and app history print. Pure.
#pragma once

#include <string>
#include <vector>

#include "sync/application.h"

namespace holdfast::bootstrap {

std::string format_app_list(const std::vector<sync::Application>& applications);
std::string format_app(const sync::Application& application);
// The chart's parameters that the Application says.
std::string format_parameters(const sync::Application& application);
std::string format_history(const sync::Application& application);

}  // namespace holdfast::bootstrap
