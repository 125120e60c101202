// SPDX-License-Identifier: Apache-2.0
// What an Application is waiting for, in one line that names the object. Pure.
#pragma once

#include <string>

#include "base/result.h"
#include "commands/app.h"

namespace holdfast::bootstrap {

// "" when everything that `options` ask for holds. Refuses with Code::usage for a pattern that is none.
Result<std::string> blocking(const sync::Application& application, const AppWaitOptions& options);

}  // namespace holdfast::bootstrap
