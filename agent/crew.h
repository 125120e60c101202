// SPDX-License-Identifier: Apache-2.0
// The workers: so many passes at once, not counting those that take long. A pass that waits for an admission webhook which does
// not answer, or renders for minutes, leaves its place to another worker, so that it holds up nobody but itself.
// It does not know what is worked on.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"

namespace holdfast::agent {

struct CrewLimits {
  std::size_t workers = 8;
  std::size_t threads_max = 64;  // with those that take long; more of them wait for one another
  Duration patience = std::chrono::seconds(2);
};

class Crew {
 public:
  // Waits for the next key; nothing when the stop is requested.
  using Take = std::function<std::optional<std::string>(const std::stop_token&)>;
  using Pass = std::function<void(const std::string& key)>;

  // Both are called on several threads at once, until `stop`.
  Crew(const CrewLimits& limits, Take take, Pass pass, std::stop_token stop);
  // Waits until `stop` is requested and the passes under way have ended.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

 private:
  struct State {
    std::size_t places = 0;                     // that are free
    std::size_t waiting = 0;                    // workers, for a place
    std::map<std::size_t, SteadyTime> since;    // the passes that hold a place, by worker
    std::vector<std::jthread> threads;
  };

  void work(std::size_t number);
  void watch();
  bool take_place();
  void begin(std::size_t number);
  void end(std::size_t number);
  void start_worker(State& state);

  const CrewLimits limits_;
  const Take take_;
  const Pass pass_;
  const std::stop_token stop_;
  Guarded<State> state_;
  std::condition_variable_any free_;   // a place is
  std::condition_variable_any begun_;  // the first pass of those under way
  std::jthread watcher_;
};

}  // namespace holdfast::agent
