// SPDX-License-Identifier: Apache-2.0
// Why an Application is in its state: one sentence for each thing that is not as it should be, with the
// object, who changed it and when, and what to do. Pure.
#pragma once

#include <string>
#include <vector>

#include "sync/application.h"
#include "sync/window.h"

namespace holdfast::bootstrap {

struct Finding {
  std::string what;     // "Deployment shop/web is Degraded: …"
  std::string because;  // "" or what is known of the cause
  std::string fix;      // "" or a command or edit
};

// What else an explanation may use, as far as it could be read.
struct Surroundings {
  std::vector<Value> live;            // objects of the Application, with their managed fields
  std::vector<sync::Window> windows;  // of its project
  std::vector<Value> pods{}, replica_sets{}, events{};  // of the namespaces in which something is not well
  std::string engine_silence{};       // why the engine seems not to work; "" when it does
  WallTime now{};
};
std::vector<Finding> explain_application(const sync::Application& application, const Surroundings& around);

// Who has changed an object since the engine applied it last: "kubectl-edit at 2026-11-23T08:00:00Z", "".
std::string last_other_writer(const Value& live);

}  // namespace holdfast::bootstrap
