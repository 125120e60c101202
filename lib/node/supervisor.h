// SPDX-License-Identifier: Apache-2.0
// Runs a plan's components: starts each when those before it are ready, restarts on death with back-off,
// keeps bounded logs and a status file. What runs beside them (load_beside) it reads again on SIGHUP.
// One thread, one poll loop.
// It does not know Kubernetes, nor how the plan came to be.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"
#include "node/log_file.h"
#include "node/plan.h"

namespace holdfast::node {

enum class Reaping {
  everything,   // process 1 of its namespace: orphans are its children, and end with it
  components,
};

class Supervisor {
 public:
  // `signals`: a signalfd of SIGTERM, SIGINT, SIGHUP and SIGCHLD. `lifeline`: readable or closed when the
  // supervisor must end because its parent has gone; -1 without one.
  Supervisor(Plan plan, Reaping reaping, FileDescriptor signals, FileDescriptor lifeline,
             const Clock& clock);

  // Until SIGTERM: then stops the components in reverse order, containers last.
  Result<> run();

 private:
  enum class State { waiting, running, backing_off, stopped };

  struct Component {
    PlannedComponent plan;
    LogFile log;
    State state = State::waiting;
    pid_t pid = 0;
    FileDescriptor output;
    SteadyTime started{};
    SteadyTime start_again{};
    Duration back_off{};
    std::int64_t restarts = 0;
    std::string last_exit;
    bool ready = false;
    bool beside = false;
  };

  Result<> open_logs();
  void adopt_beside();
  void start_due();
  Result<> start(Component& component);
  void ask_readiness();
  void reap();
  void ended(Component& component, int status);
  // Returns whether to go on.
  bool wait_for_events();
  void pump(Component& component);
  void stop_all();
  void wait_for_end(const std::vector<std::string>& names, Duration within);
  // The next signal of the descriptor, if one is there; remembers those that ask for the end.
  int take_signal();
  void write_status();
  [[nodiscard]] Duration until_next_event() const;
  [[nodiscard]] bool may_start(const Component& component) const;

  Plan plan_;
  Reaping reaping_;
  FileDescriptor signals_;
  FileDescriptor lifeline_;
  const Clock& clock_;
  std::vector<Component> components_;
  std::string last_status_;
  bool end_is_asked_ = false;
};

}  // namespace holdfast::node
