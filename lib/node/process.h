// SPDX-License-Identifier: Apache-2.0
// Child processes: run one to its end under a deadline, or start one that outlives its starter. No
// shell, no inherited descriptors, the environment is given and never inherited.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace holdfast::node {

struct Command {
  std::vector<std::string> argv;  // argv[0] is a path
  std::vector<std::string> environment;
  std::function<Result<>(int fd)> input;  // writes the child's standard input; none: /dev/null
  pid_t inside = 0;  // run in this process's mount, process and network namespaces; 0: in ours
  Duration timeout = std::chrono::seconds(30);
};

struct Finished {
  int exit = -1;       // 128 + signal when a signal ended it
  std::string output;  // both streams, at most 1 MiB, the rest is dropped
};

// Refuses with timed_out (the child is killed), node_component (it cannot be started) or what `input`
// refuses with.
Result<Finished> run(const Command& command);

// The same, and a non-zero exit is a refusal with node_component that carries the last lines.
Result<std::string> run_checked(const Command& command);

// In a session of its own, standard streams on `log`, reaped by process 1.
Result<> start_detached(const std::vector<std::string>& argv, const std::string& log);

// The last `count` lines of a text, printable, for messages.
std::string last_lines(std::string_view text, std::size_t count);

// Waits on nothing: a pause of a polling loop that names what it waits for elsewhere.
void pause_for(Duration duration);

}  // namespace holdfast::node
