// SPDX-License-Identifier: Apache-2.0
// What an Application is waiting for, in one line that names the object. Pure.
// Mirrors argoproj/argo-cd 3.6 cmd/argocd/commands/app.go: checkResourceStatus, waitOnApplicationStatus.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "commands/app.h"

namespace holdfast::bootstrap {

// "" when everything that `options` ask for holds: of the Application as a whole, or of the resources that they name.
// Refuses with Code::usage for a pattern that is none.
Result<std::string> blocking(const sync::Application& application, const AppWaitOptions& options);

// The healths of what is waited for, from one look to the next.
class Healths {
 public:
  // "Deployment shop/web is Degraded: …" when that was not so at the last look, where Healthy is waited for; else "".
  // Refuses as blocking().
  Result<std::string> gone_bad(const sync::Application& application, const AppWaitOptions& options);

 private:
  std::map<std::string, std::string> seen_;
};

}  // namespace holdfast::bootstrap
