// SPDX-License-Identifier: Apache-2.0
#include "agent/crew.h"

#include <gtest/gtest.h>

#include <latch>

#include "base/work_queue.h"

namespace holdfast::agent {
namespace {

TEST(Crew, WhatTakesLongHoldsUpNobodyElse) {
  const SystemClock clock;
  WorkQueue queue(clock);
  std::stop_source stop;
  std::latch stuck(3), good_done(1), let_go(1), all_done(4);
  const auto pass = [&](const std::string& key) {
    if (key.starts_with("stuck")) {
      stuck.count_down();
      let_go.wait();
    } else {
      good_done.count_down();
    }
    queue.done(key);
    all_done.count_down();
  };
  Crew crew({.workers = 1, .threads_max = 8, .patience = std::chrono::milliseconds(1)},
            [&](const std::stop_token& token) { return queue.take(token); }, pass, stop.get_token());
  for (const char* key : {"stuck-1", "stuck-2", "stuck-3"}) queue.add(key);
  stuck.wait();  // all of them, one place or not
  queue.add("good");
  good_done.wait();
  let_go.count_down();
  all_done.wait();
  stop.request_stop();
}

TEST(Crew, AsManyAtOnceAsThereArePlaces) {
  const SystemClock clock;
  WorkQueue queue(clock);
  std::stop_source stop;
  std::atomic<int> at_once = 0, most = 0;
  std::latch done(200);
  const auto pass = [&](const std::string& key) {
    const int now = ++at_once;
    for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
    }
    --at_once;
    queue.done(key);
    done.count_down();
  };
  Crew crew({.workers = 2, .threads_max = 8, .patience = std::chrono::hours(1)},
            [&](const std::stop_token& token) { return queue.take(token); }, pass, stop.get_token());
  for (int i = 0; i < 200; ++i) queue.add(std::to_string(i));
  done.wait();
  stop.request_stop();
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace holdfast::agent
