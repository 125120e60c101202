// SPDX-License-Identifier: Apache-2.0
// Level-triggered work: only keys travel. A key that waits is held once; a key that is being worked
// on and is added again comes back after done(). Delays and per-key back-off live here, so no worker
// ever sleeps. Bounded by the number of distinct keys, which the callers bound. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"

namespace holdfast {

class WorkQueue {
 public:
  explicit WorkQueue(const Clock& clock) : clock_(clock) {}

  // The key becomes due at once.
  void add(const std::string& key);
  // The key becomes due after `delay`, or earlier when it already was to.
  void add_after(const std::string& key, Duration delay);
  // As add_after, with a delay that doubles at each call from `first` to `most` until forget().
  void add_with_backoff(const std::string& key, Duration first, Duration most);
  void forget(const std::string& key);

  // Waits for the next due key; nothing when `stop` is requested. The caller owes done(key).
  std::optional<std::string> take(const std::stop_token& stop);
  void done(const std::string& key);

  [[nodiscard]] std::size_t waiting();

 private:
  struct State {
    std::map<std::string, SteadyTime> due;  // waiting keys
    std::set<std::string> taken;
    std::map<std::string, int> failures;
    std::uint64_t version = 0;  // grows at every change, so that a waiter knows what it has seen
  };

  void schedule(const std::string& key, Duration delay);

  const Clock& clock_;
  Guarded<State> state_;
  std::condition_variable_any changed_;
};

}  // namespace holdfast
