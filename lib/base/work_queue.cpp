// SPDX-License-Identifier: Apache-2.0
#include "base/work_queue.h"

#include <algorithm>

namespace holdfast {

void WorkQueue::schedule(const std::string& key, Duration delay) {
  const auto when = clock_.steady() + std::chrono::duration_cast<SteadyTime::duration>(delay);
  {
    auto state = state_.lock();
    const auto [entry, added] = state->due.try_emplace(key, when);
    if (!added) entry->second = std::min(entry->second, when);
    ++state->version;
  }
  changed_.notify_all();
}

void WorkQueue::add(const std::string& key) { schedule(key, Duration::zero()); }

void WorkQueue::add_after(const std::string& key, Duration delay) { schedule(key, delay); }

void WorkQueue::add_with_backoff(const std::string& key, Duration first, Duration most) {
  constexpr int doublings_max = 30;
  int failures = 0;
  {
    auto state = state_.lock();
    failures = std::min(state->failures[key]++, doublings_max);
  }
  schedule(key, std::min(most, first * (std::int64_t{1} << failures)));
}

void WorkQueue::forget(const std::string& key) { state_.lock()->failures.erase(key); }

std::optional<std::string> WorkQueue::take(const std::stop_token& stop) {
  auto state = state_.lock();
  while (!stop.stop_requested()) {
    const auto now = clock_.steady();
    auto next = state->due.end();
    for (auto entry = state->due.begin(); entry != state->due.end(); ++entry) {
      if (state->taken.contains(entry->first)) continue;
      if (next == state->due.end() || entry->second < next->second) next = entry;
    }
    if (next != state->due.end() && next->second <= now) {
      std::string key = next->first;
      state->due.erase(next);
      state->taken.insert(key);
      return key;
    }
    const auto woken = [&, seen = state->version] { return state->version != seen; };
    if (next == state->due.end()) {
      changed_.wait(state.mutex(), stop, woken);
    } else {
      // A copy: another worker may take this key, and its entry with it, while we wait.
      const SteadyTime due = next->second;
      changed_.wait_until(state.mutex(), stop, due, woken);
    }
  }
  return std::nullopt;
}

void WorkQueue::done(const std::string& key) {
  {
    auto state = state_.lock();
    state->taken.erase(key);
    ++state->version;
  }
  changed_.notify_all();
}

std::size_t WorkQueue::waiting() { return state_.lock()->due.size(); }

}  // namespace holdfast
