// SPDX-License-Identifier: Apache-2.0
#include "base/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace holdfast {
namespace {

using std::chrono::seconds;

TEST(WorkQueue, HoldsAKeyOnce) {
  const ManualClock clock;
  WorkQueue queue(clock);
  queue.add("a");
  queue.add("a");
  EXPECT_EQ(queue.take({}), "a");
  EXPECT_EQ(queue.waiting(), 0U);
}

TEST(WorkQueue, GivesAKeyThatIsAddedDuringItsWorkAgainAfterDone) {
  const ManualClock clock;
  WorkQueue queue(clock);
  queue.add("a");
  EXPECT_EQ(queue.take({}), "a");
  queue.add("a");
  queue.add("b");
  EXPECT_EQ(queue.take({}), "b");
  queue.done("a");
  EXPECT_EQ(queue.take({}), "a");
}

TEST(WorkQueue, DelaysAndTakesTheEarlierOfTwo) {
  ManualClock clock;
  WorkQueue queue(clock);
  queue.add_after("late", seconds(10));
  queue.add_after("early", seconds(20));
  queue.add_after("early", seconds(5));
  clock.advance(seconds(30));
  EXPECT_EQ(queue.take({}), "early");
  EXPECT_EQ(queue.take({}), "late");
}

TEST(WorkQueue, BackoffDoublesUpToItsLimitAndIsForgotten) {
  ManualClock clock;
  WorkQueue queue(clock);
  for (const int want : {1, 2, 4, 4}) {
    queue.add_with_backoff("a", seconds(1), seconds(4));
    clock.advance(seconds(want) - std::chrono::nanoseconds(1));
    EXPECT_EQ(queue.waiting(), 1U);
    clock.advance(std::chrono::nanoseconds(1));
    EXPECT_EQ(queue.take({}), "a");
    queue.done("a");
  }
  queue.forget("a");
  queue.add_with_backoff("a", seconds(1), seconds(4));
  clock.advance(seconds(1));
  EXPECT_EQ(queue.take({}), "a");
}

TEST(WorkQueue, AWaiterWakesForANewKeyAndForStop) {
  const SystemClock clock;
  WorkQueue queue(clock);
  std::vector<std::string> taken;
  {
    std::jthread worker([&](const std::stop_token& stop) {
      while (const auto key = queue.take(stop)) {
        taken.push_back(*key);
        queue.done(*key);
        if (*key == "last") return;
      }
    });
    queue.add_after("far away", std::chrono::hours(1));
    queue.add("first");
    queue.add("last");
    worker.join();
  }
  std::jthread idle([&](const std::stop_token& stop) { EXPECT_EQ(queue.take(stop), std::nullopt); });
  EXPECT_EQ(taken, (std::vector<std::string>{"first", "last"}));
}

// Several workers wait for the same delayed key, and one of them takes it away under the others.
TEST(WorkQueue, ManyWorkersWaitForOneDelayedKey) {
  const SystemClock clock;
  WorkQueue queue(clock);
  std::stop_source stop;
  std::atomic<int> taken = 0;
  constexpr int rounds = 50;
  const auto work = [&] {
    while (const auto key = queue.take(stop.get_token())) {
      queue.done(*key);
      if (++taken == rounds) {
        stop.request_stop();
      } else {
        queue.add_after(*key, std::chrono::microseconds(200));
      }
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) workers.emplace_back(work);
    queue.add("a");
  }
  EXPECT_EQ(taken, rounds);
}

}  // namespace
}  // namespace holdfast
