// SPDX-License-Identifier: Apache-2.0
#include "agent/errands.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <semaphore>

namespace holdfast::agent {
namespace {

using std::chrono::milliseconds;

constexpr ErrandLimits hurried{.patience = milliseconds(20), .threads_max = 4};
constexpr ErrandLimits patient{.patience = std::chrono::minutes(1), .threads_max = 4};

std::function<Result<std::string>(const std::stop_token&)> saying(std::string text) {
  return [text = std::move(text)](const std::stop_token&) -> Result<std::string> { return text; };
}

Question question(const std::string& asker, const std::string& text = "main", const std::string& look = "spec") {
  return {"https://a", text, {asker, look}};
}

// Holds the one thread of its place until it is told to go on.
struct Silence {
  std::latch speaks{1};
  std::atomic<int> asked = 0;
  std::counting_semaphore<> begun{0};

  std::function<Result<std::string>(const std::stop_token&)> errand() {
    return [this](const std::stop_token&) -> Result<std::string> {
      ++asked;
      begun.release();
      speaks.wait();
      return std::string("late");
    };
  }
};

TEST(Errands, GiveTheAnswerWhenItComesInTime) {
  Errands errands([](const std::string&) {}, patient);
  EXPECT_EQ(errands.ask<std::string>(question("app"), saying("1")).value(), "1");
  const auto refused = errands.ask<void>(question("app", "signature"), [](const std::stop_token&) -> Result<> {
    return failure(Code::project_denied, "not signed");
  });
  EXPECT_EQ(refused.error().code(), Code::project_denied);
  EXPECT_EQ(errands.end_look({"app", "spec"}), Errands::Ended::answered);
}

TEST(Errands, KeepTheAnswersOfOneLookAndNoLonger) {
  Errands errands([](const std::string&) {}, patient);
  EXPECT_EQ(errands.ask<std::string>(question("app"), saying("1")).value(), "1");
  EXPECT_EQ(errands.ask<std::string>(question("app"), saying("2")).value(), "1");
  EXPECT_EQ(errands.ask<std::string>(question("app", "main", "operation"), saying("2")).value(), "2");
  EXPECT_EQ(errands.ask<std::string>(question("other"), saying("3")).value(), "3");
  EXPECT_EQ(errands.end_look({"app", "spec"}), Errands::Ended::answered);
  EXPECT_EQ(errands.ask<std::string>(question("app"), saying("4")).value(), "4");
  errands.end_pass("app");  // a look that nobody ended
  EXPECT_EQ(errands.ask<std::string>(question("app"), saying("5")).value(), "5");
  EXPECT_EQ(errands.ask<std::string>(question("other"), saying("5")).value(), "3");
}

// Eight askers of a place that says nothing leave it; it has one thread for all of them.
TEST(Errands, ASilentPlaceHoldsNobodyAndCallsBack) {
  Silence silence;
  std::counting_semaphore<> called{0};
  Errands errands([&](const std::string&) { called.release(); }, hurried);
  for (int i = 0; i < 8; ++i) {
    const auto asker = fmt::format("app-{}", i);
    EXPECT_EQ(errands.ask<std::string>(question(asker), silence.errand()).error().code(), Code::answer_awaited);
    EXPECT_EQ(errands.end_look({asker, "spec"}), Errands::Ended::awaiting);
    errands.end_pass(asker);
  }
  silence.begun.acquire();
  EXPECT_EQ(silence.asked, 1);
  silence.speaks.count_down();
  for (int i = 0; i < 8; ++i) called.acquire();
  for (int i = 0; i < 8; ++i) {
    const auto asker = fmt::format("app-{}", i);
    EXPECT_EQ(errands.ask<std::string>(question(asker), silence.errand()).value(), "late");
    EXPECT_EQ(errands.end_look({asker, "spec"}), Errands::Ended::answered);
  }
  EXPECT_EQ(silence.asked, 8);
}

// One look waits, the other goes on; what the first has been told is still there when it goes on.
TEST(Errands, ALookThatWaitsKeepsItsAnswersAndHoldsUpNoOther) {
  Silence silence;
  std::binary_semaphore called{0};
  Errands errands([&](const std::string&) { called.release(); }, hurried);
  const Question good{"https://good", "main", {"app", "spec"}};
  while (!errands.ask<std::string>(good, saying("1"))) called.acquire();
  EXPECT_FALSE(errands.ask<std::string>(question("app"), silence.errand()));
  EXPECT_EQ(errands.end_look({"app", "spec"}), Errands::Ended::awaiting);
  EXPECT_EQ(errands.end_look({"app", "operation"}), Errands::Ended::answered);
  errands.end_pass("app");
  silence.speaks.count_down();
  called.acquire();
  EXPECT_EQ(errands.ask<std::string>(good, saying("3")).value(), "1");
  EXPECT_EQ(errands.ask<std::string>(question("app"), saying("3")).value(), "late");
  EXPECT_EQ(errands.end_look({"app", "spec"}), Errands::Ended::answered);
}

TEST(Errands, WhatALookHasGivenUpIsNotAsked) {
  Silence silence;
  Guarded<std::vector<std::string>> called;
  std::atomic<bool> asked = false;
  {
    Errands errands([&](const std::string& asker) { called.lock()->push_back(asker); }, hurried);
    EXPECT_FALSE(errands.ask<std::string>(question("first"), silence.errand()));
    errands.end_pass("first");
    const std::function<Result<std::string>(const std::stop_token&)> second = [&](const std::stop_token&) -> Result<std::string> {
      asked = true;
      return std::string();
    };
    EXPECT_FALSE(errands.ask<std::string>(question("second"), second));
    errands.end_pass("second");
    errands.end_pass("second");  // a pass that did not ask again
    silence.speaks.count_down();
    // The place has one thread, and its line is in order.
    while (!errands.ask<std::string>(question("third"), saying("3"))) {}
  }
  EXPECT_EQ(std::ranges::count(*called.lock(), "first"), 1);
  EXPECT_EQ(std::ranges::count(*called.lock(), "second"), 0);
  EXPECT_FALSE(asked);
}

TEST(Errands, OtherPlacesHaveThreadsOfTheirOwn) {
  std::latch speaks(1);
  std::binary_semaphore begun{0};
  Errands errands([](const std::string&) {}, patient);
  std::string late;
  std::jthread waiting([&] {
    const auto answer = errands.ask<std::string>({"https://silent", "main", {"a", "spec"}}, [&](const std::stop_token&) -> Result<std::string> {
      begun.release();
      speaks.wait();
      return std::string("late");
    });
    late = answer.value();
  });
  begun.acquire();
  EXPECT_EQ(errands.ask<std::string>({"https://good", "main", {"b", "spec"}}, saying("1")).value(), "1");
  speaks.count_down();
  waiting.join();
  EXPECT_EQ(late, "late");
}

// As soon as it comes, however often the asker has to leave before.
Result<std::string> answer_in_the_end(Errands& errands, const Question& asked, std::counting_semaphore<>& called) {
  while (true) {
    auto answer = errands.ask<std::string>(asked, saying("good"));
    if (answer || !called.try_acquire_for(std::chrono::seconds(20))) return answer;
  }
}

Question at(const std::string& place) { return {place, "main", {place, "spec"}}; }

TEST(Errands, ASilentHostLeavesThreadsForOthers) {
  Silence silence;
  std::counting_semaphore<> called{0};
  const auto call_back = [&](const std::string& asker) {
    if (asker.starts_with("https://good")) called.release();
  };
  Errands errands(call_back, {.patience = milliseconds(5), .threads_max = 16, .left_per_thread = 4});
  for (const std::string host : {"https://a", "git@b", "ssh://git@c:22"}) {
    for (int i = 0; i < 12; ++i) EXPECT_FALSE(errands.ask<std::string>(at(fmt::format("{}:{}/x", host, i)), silence.errand()));
  }
  EXPECT_EQ(answer_in_the_end(errands, at("https://good/x"), called).value(), "good");
  // Of 16 the first host takes 4, the second 3, the third 2.
  for (int i = 0; i < 9; ++i) silence.begun.acquire();
  EXPECT_EQ(silence.asked, 9);
  silence.speaks.count_down();
}

TEST(Errands, HostsTakeTurns) {
  Silence silence;
  std::counting_semaphore<> called{0};
  Guarded<std::vector<std::string>> order;
  Errands errands([&](const std::string&) { called.release(); }, {.patience = milliseconds(5), .threads_max = 1});
  EXPECT_FALSE(errands.ask<std::string>(at("https://silent/x"), silence.errand()));
  const std::vector<std::string> places{"https://a/1", "https://a/2", "https://a/3", "https://b/1", "https://c/1", "https://b/2"};
  for (const auto& place : places) {
    const std::function<Result<std::string>(const std::stop_token&)> noting = [&order, place](const std::stop_token&) -> Result<std::string> {
      order.lock()->push_back(place);
      return place;
    };
    EXPECT_FALSE(errands.ask<std::string>(at(place), noting));
  }
  silence.speaks.count_down();
  for (std::size_t i = 0; i < 1 + places.size(); ++i) called.acquire();
  EXPECT_EQ(*order.lock(), (std::vector<std::string>{"https://a/1", "https://b/1", "https://c/1", "https://a/2", "https://b/2", "https://a/3"}));
}

TEST(Errands, AreStoppedAtTheEnd) {
  std::atomic<bool> stopped = false;
  std::binary_semaphore begun{0};
  {
    Errands errands([](const std::string&) {}, hurried);
    const std::function<Result<std::string>(const std::stop_token&)> endless = [&](const std::stop_token& stop) -> Result<std::string> {
      std::binary_semaphore asked_to{0};
      const std::stop_callback waking(stop, [&] { asked_to.release(); });
      begun.release();
      asked_to.acquire();
      stopped = true;
      return failure(Code::stopped, "stopped");
    };
    EXPECT_FALSE(errands.ask<std::string>({"https://silent", "main", {"a", "spec"}}, endless));
    begun.acquire();
  }
  EXPECT_TRUE(stopped);
}

}  // namespace
}  // namespace holdfast::agent
