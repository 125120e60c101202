// SPDX-License-Identifier: Apache-2.0
#include "attended.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>

#include "base/handle.h"

namespace holdfast::bootstrap {
namespace {

class Attend : public testing::Test {
 protected:
  void TearDown() override {
    sigset_t none;
    ::sigemptyset(&none);
    ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
    for (const int each : {SIGINT, SIGTERM, SIGHUP}) ::signal(each, SIG_DFL);
  }
};

TEST_F(Attend, GivesWhatTheWorkReturned) {
  const auto ended = attend([] { return 7; });
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit, 7);
  EXPECT_EQ(ended->asked, 0);
}

TEST_F(Attend, TellsACrash) {
  const auto ended = attend([] { return ::raise(SIGKILL); });
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->exit, 128 + SIGKILL);
  EXPECT_EQ(ended->asked, 0);
}

TEST_F(Attend, EndsTheWorkAndWhatItStartedWhenAskedToStop) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    const FileDescriptor read(ends[0]);
    FileDescriptor write(ends[1]);
    const auto ended = attend([&] {
      if (::fork() != 0) ::kill(::getppid(), signal);
      while (true) ::pause();
      return 0;
    });
    ASSERT_TRUE(ended);
    EXPECT_EQ(ended->asked, signal);
    EXPECT_EQ(ended->exit, 128 + SIGKILL);
    // The pipe ends when the last process that holds it is gone.
    write = FileDescriptor();
    char none = 0;
    EXPECT_EQ(::read(read.get(), &none, 1), 0);
    TearDown();
  }
}

}  // namespace
}  // namespace holdfast::bootstrap
