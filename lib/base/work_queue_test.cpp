// SPDX-License-Identifier: Apache-2.0
#include "base/work_queue.h"

#include <gtest/gtest.h>

#include <thread>

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

}  // namespace
}  // namespace holdfast
