// SPDX-License-Identifier: Apache-2.0
#include "console.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace holdfast::bootstrap {
namespace {

// What stands in a pipe, as a CI service's log would have it.
class Piped : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(::pipe(ends.data()), 0); }
  void TearDown() override { ::close(ends[0]); }

  std::string said() {
    ::close(ends[1]);
    std::string text(4096, '\0');
    text.resize(static_cast<std::size_t>(::read(ends[0], text.data(), text.size())));
    return text;
  }

  std::array<int, 2> ends{};
  ManualClock clock;
};

TEST_F(Piped, AReasonThatCameTooSoonIsSaidWhenItStays) {
  {
    Console console(ends[1], ends[1], Output::text, clock);
    Step step(console, "Engine", "applying the engine");
    for (int seconds = 0; seconds < 30; ++seconds) {
      step.waiting(seconds < 3 ? "Deployment x, 0 of 1 ready" : "image y cannot be pulled");
      clock.advance(std::chrono::seconds(1));
    }
    step.done("ready");
  }
  const auto text = said();
  EXPECT_TRUE(text.starts_with("Engine: applying the engine\nEngine: waiting for image y cannot be pulled\n")) << text;
  EXPECT_EQ(text.find("waiting for"), text.rfind("waiting for")) << text;
}

}  // namespace
}  // namespace holdfast::bootstrap
