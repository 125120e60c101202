// SPDX-License-Identifier: Apache-2.0
#include "node/process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fakes/temporary_folder.h"
#include "node/files.h"
#include "node/machine.h"

namespace holdfast::node {
namespace {

using std::chrono::seconds;

bool within(Duration time, const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    pause_for(std::chrono::milliseconds(5));
  }
  return true;
}

// The process whose arguments hold the word, 0 for none.
pid_t process_with(std::string_view word) {
  std::error_code gone;
  for (const auto& process : std::filesystem::directory_iterator("/proc", gone)) {
    const auto arguments = read_file(process.path() / "cmdline");  // fails where it has just ended
    if (arguments && arguments->contains(word)) return std::atoi(process.path().filename().c_str());
  }
  return 0;
}

TEST(Process, GivesOutputAndExitOfAChild) {
  Command command;
  command.argv = {"/bin/sh", "-c", "cat; exit 4"};
  command.input = [](int fd) -> Result<> {
    return ::write(fd, "in", 2) == 2 ? Result<>() : failure(Code::internal, "short");
  };
  const auto finished = run(command);
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->output, "in");
  EXPECT_EQ(finished->exit, 4);
}

TEST(Process, EndsAChildThatTakesTooLong) {
  Command command;
  command.argv = {"/bin/cat", "/dev/zero"};
  command.timeout = std::chrono::milliseconds(50);
  const auto finished = run(command);
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().code(), Code::timed_out);
}

class KilledStarter : public testing::Test {
 protected:
  void TearDown() override {
    if (const auto left = process_with(endless()); left > 0) ::kill(left, SIGKILL);
  }

  // A starter that holds the lock and runs a program that never ends by itself, then is killed.
  void kill_a_starter(pid_t inside) {
    std::ofstream(endless()).flush();
    const pid_t starter = ::fork();
    if (starter == 0) {
      const auto held = lock_file(lock());
      (void)run({.argv = {"/usr/bin/tail", "-f", endless()}, .environment = {}, .input = {}, .inside = inside, .timeout = seconds(120)});
      ::_exit(held ? 0 : 1);
    }
    EXPECT_TRUE(within(seconds(10), [&] { return process_with(endless()) > 0; }));
    EXPECT_TRUE(is_locked(lock()));
    ::kill(starter, SIGKILL);
    ::waitpid(starter, nullptr, 0);
  }

  void expect_nothing_left() {
    EXPECT_TRUE(within(seconds(10), [&] { return !is_locked(lock()); })) << "the next command would be refused";
    EXPECT_TRUE(within(seconds(10), [&] { return process_with(endless()) == 0; }));
  }

  [[nodiscard]] std::string lock() const { return folder_.path("lock"); }
  [[nodiscard]] std::string endless() const { return folder_.path("endless"); }

  const TemporaryFolder folder_{"process"};
};

TEST_F(KilledStarter, TakesItsProgramAndItsLocksWithIt) {
  kill_a_starter(0);
  expect_nothing_left();
}

TEST_F(KilledStarter, LeavesNoLockWithAProgramInOtherNamespaces) {
  if (!look_at_machine().namespaces) GTEST_SKIP() << "namespaces cannot be entered here";
  kill_a_starter(::getpid());
  expect_nothing_left();
}

}  // namespace
}  // namespace holdfast::node
