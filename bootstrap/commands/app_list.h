// SPDX-License-Identifier: Apache-2.0
// What app list, app get and app history print, and the others at their end.
#pragma once

#include <string>
#include <vector>

#include "commands/app_access.h"
#include "sync/application.h"
#include "sync/window.h"

namespace holdfast::bootstrap {

std::string format_app_list(const std::vector<sync::Application>& applications);
// `windows`: window_lines(), or nothing of them.
std::string format_app(const sync::Application& application, const std::vector<Cells>& windows = {});
// Whether sync windows let the Application sync now, and which they are.
std::vector<Cells> window_lines(const sync::Application& application, const std::vector<sync::Window>& windows, WallTime now);
// The chart's parameters that the Application says.
std::string format_parameters(const sync::Source& source);
std::string format_history(const sync::Application& application);

// Between an Application and its objects, of AppFormat::wide.
struct ShownBetween {
  bool operation = false;  // the last one's lines
  std::string parameters;  // format_parameters()
  std::vector<Cells> windows{};  // window_lines()
};
// Prints an Application as `app get` does.
Result<> show_application(AppAccess& access, const sync::Application& application, AppFormat format, const ShownBetween& between,
                          Console& console);

}  // namespace holdfast::bootstrap
