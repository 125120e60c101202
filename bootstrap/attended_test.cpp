// SPDX-License-Identifier: Apache-2.0
#include "attended.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

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

struct Ended {
  int status = 0;
  std::string said;
};

// `work` in a process of its own, whose standard error is read.
Ended in_a_process(Output output, const std::function<void(Console&)>& work) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const FileDescriptor read(ends[0]);
  FileDescriptor write(ends[1]);
  const pid_t child = ::fork();
  if (child == 0) {
    const SystemClock clock;
    Console console(STDOUT_FILENO, write.get(), output, clock);
    work(console);
    ::_exit(0);
  }
  write = FileDescriptor();
  Ended ended;
  std::array<char, 512> buffer{};
  for (ssize_t size = 0; (size = ::read(read.get(), buffer.data(), buffer.size())) > 0;) ended.said.append(buffer.data(), static_cast<std::size_t>(size));
  ::waitpid(child, &ended.status, 0);
  return ended;
}

[[noreturn]] void be_stopped_by(int signal) {
  ::kill(::getpid(), signal);
  while (true) ::pause();
}

TEST(TellsWhenStopped, EndsWithTheErrorTheSignalAndWhatIsDone) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const auto ended = in_a_process(Output::text, [&](Console& console) {
      const TellsWhenStopped tells(console);
      console.begin_changes("what is done stays done");
      be_stopped_by(signal);
    });
    EXPECT_TRUE(WIFEXITED(ended.status) && WEXITSTATUS(ended.status) == 5) << ended.status;
    EXPECT_EQ(ended.said, fmt::format("error HF-E-1012: stopped in the middle\n"
                                      "  because: {}\n"
                                      "  what is done stays done\n"
                                      "  fix:     run the same command again: it goes on where it stopped\n"
                                      "  more:    holdfast explain HF-E-1012\n", ::strsignal(signal)));
  }
}

TEST(TellsWhenStopped, SpeaksJsonAndKnowsThatNothingIsChangedYet) {
  const auto ended = in_a_process(Output::json, [](Console& console) {
    const TellsWhenStopped tells(console);
    be_stopped_by(SIGTERM);
  });
  EXPECT_TRUE(ended.said.starts_with(R"({"error":{)") && ended.said.ends_with("}}\n")) << ended.said;
  for (const auto* each : {R"("code":"HF-E-1012")", R"("changed":"nothing was changed")"}) EXPECT_TRUE(ended.said.contains(each)) << ended.said;
}

TEST(TellsWhenStopped, LeavesWhatIsIgnoredAndWhatComesAfterwardsAlone) {
  const auto ended = in_a_process(Output::text, [](Console& console) {
    ::signal(SIGHUP, SIG_IGN);
    {
      const TellsWhenStopped tells(console);
      ::raise(SIGHUP);
    }
    be_stopped_by(SIGINT);
  });
  EXPECT_TRUE(WIFSIGNALED(ended.status) && WTERMSIG(ended.status) == SIGINT) << ended.status;
  EXPECT_EQ(ended.said, "");
}

TEST(TellsWhenStopped, IsEndedByASecondSignalWhileNobodyReads) {
  std::array<int, 2> full{};
  ASSERT_EQ(::pipe(full.data()), 0);
  const FileDescriptor unread(full[0]);
  const FileDescriptor stuck(full[1]);
  const std::string much(std::size_t{1} << 16, 'x');
  ASSERT_EQ(::write(stuck.get(), much.data(), much.size()), static_cast<ssize_t>(much.size()));
  const auto ended = in_a_process(Output::text, [&](Console& console) {
    Console nobody(STDOUT_FILENO, stuck.get(), Output::text, console.clock());
    const TellsWhenStopped tells(nobody);
    while (true) {
      ::kill(::getpid(), SIGINT);
      ::sched_yield();
    }
  });
  EXPECT_TRUE(WIFSIGNALED(ended.status) && WTERMSIG(ended.status) == SIGINT) << ended.status;
}

}  // namespace
}  // namespace holdfast::bootstrap
