// SPDX-License-Identifier: Apache-2.0
// What the end-to-end tests share: programs run with a time limit, a network namespace without an
// uplink for the whole test process.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fakes/temporary_folder.h"

namespace holdfast::e2e {

struct Ran {
  int exit = -1;  // 128 + signal when a signal ended it
  std::string out, err;
};

struct RunOptions {
  std::chrono::seconds timeout = std::chrono::seconds(60);
  std::string folder;                    // working directory; empty: the test's
  std::vector<std::string> environment;  // "NAME=value", in place of the test's own of that name
  std::string input;
};

// argv[0] is looked up in PATH. A program that outlives its time limit is killed: exit 137.
Ran run(const std::vector<std::string>& argv, const RunOptions& options = {});

// A program that runs beside the test, what it says in `log`; killed (SIGKILL) and reaped when it goes.
class Background {
 public:
  explicit Background(const std::vector<std::string>& argv, const RunOptions& options = {}, const std::string& log = "/dev/null");
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  void kill_now();
  // Sends the signal to the program and what it started in its group, as a terminal does, and waits: the exit as in
  // Ran, 137 when the program outlives the time and is killed.
  int end_with(int signal, std::chrono::seconds within);
  [[nodiscard]] int pid() const { return pid_; }

 private:
  int pid_ = -1;
};

// The release build's program, a file of the node component, a path of the source tree.
std::string program(const std::string& name);
std::string node_file(const std::string& name);
// A stock program that tests/judges/build made; the file is absent where it was not.
std::string judge(const std::string& name);
std::string source(const std::string& path);

// Asks `question` every 50 ms until it answers or the time is over.
template <class Question>
auto eventually(std::chrono::seconds within, Question question) -> decltype(question());

// Moves this process, and so all its children, into a new network namespace with lo and a default route
// over an interface that leads nowhere; packets on that uplink are counted. Returns why it cannot.
std::optional<std::string> enter_isolated_network();

// Packets that tried to leave by the uplink since enter_isolated_network; -1 when nobody counts.
long uplink_packets();

// DNS questions to anybody but cluster DNS, on whatever link: a resolver on the machine itself would pass
// them on.
long outside_questions();

// Why this machine cannot run a node in a namespace, or one whose pods are simulated; nothing when it can.
std::optional<std::string> why_no_node();
std::optional<std::string> why_no_simulated_node();

// Processes that have `text` in their command line.
std::vector<int> processes_with(const std::string& text);

void pause_briefly();  // 50 ms, for eventually()

template <class Question>
auto eventually(std::chrono::seconds within, Question question) -> decltype(question()) {
  const auto end = std::chrono::steady_clock::now() + within;
  while (true) {
    auto answer = question();
    if (answer || std::chrono::steady_clock::now() > end) return answer;
    pause_briefly();
  }
}

}  // namespace holdfast::e2e
