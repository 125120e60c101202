// SPDX-License-Identifier: Apache-2.0
#include "git/receive_push.h"

#include "fakes/stock_git.h"
#include "fakes/temporary_folder.h"
#include "git/library.h"
#include "git/pack_plan.h"
#include "git/repository.h"
#include "tree/memory_tree.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <csignal>
#include <random>

namespace holdfast::git {
namespace {

const CommitText text = {.author_name = "A", .author_email = "a@x", .message = "x"};

class ReceivePush : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(create_bare(here(), "main"));
    ASSERT_TRUE(prepare_built_in(there(), "main"));
  }

  std::string here() const { return folder.path("here"); }

  std::string there() const { return folder.path("there"); }

  CommitId commit(int number) const {
    tree::MemoryTree::Files files;
    for (int i = 0; i < 8; ++i)
      files[fmt::format("d{}/{}", i % 3, i)] = std::to_string(number * i);
    return commit_files(here(), "main", tree::MemoryTree(std::move(files)), text).value();
  }

  std::string body(const CommitId& before, const CommitId& after) const {
    const auto handle = open_repository(here()).value();
    std::vector<CommitId> haves;
    if (!before.is_zero()) haves.push_back(before);
    const auto plan = plan_pack(*handle, {.wants = {after}, .haves = haves}, {}).value();
    std::string out =
        write_push_command({.ref = "refs/heads/main", .before = before, .after = after});
    const auto collect = [&](std::string_view bytes) -> Result<> {
      out += bytes;
      return {};
    };
    CHECK(write_pack(*handle, plan, {}, collect, {}));
    return out;
  }

  // In portions of a size that splits everything.
  Result<PushCommand> receive(const std::string& bytes, std::size_t portion = 100) const {
    std::size_t at = 0;
    return receive_push(there(), [&]() -> Result<std::string_view> {
      const auto part = std::string_view(bytes).substr(at, portion);
      at += part.size();
      return part;
    });
  }

  CommitId position() const {
    const auto refs = read_refs(there()).value();
    return refs.empty() ? CommitId() : refs[0].id;
  }

  TemporaryFolder folder{"push"};
};

TEST_F(ReceivePush, TakesACommitOnceOrTwice) {
  const auto first = commit(1), second = commit(2);
  ASSERT_TRUE(receive(body({}, first)));
  EXPECT_EQ(position(), first);
  ASSERT_TRUE(receive(body(first, second)));
  ASSERT_TRUE(receive(body(first, second)));  // the answer was lost
  EXPECT_EQ(position(), second);
}

TEST_F(ReceivePush, GoesForwardOnly) {
  const auto first = commit(1), second = commit(2), third = commit(3);
  ASSERT_TRUE(receive(body({}, second)));
  EXPECT_EQ(receive(body(second, first)).error().code(), Code::git_not_fast_forward);
  EXPECT_EQ(receive(body(first, third)).error().code(), Code::git_not_fast_forward);
  EXPECT_EQ(receive(body({}, third)).error().code(), Code::git_not_fast_forward);
  EXPECT_EQ(position(), second);
  ASSERT_TRUE(receive(body(second, third)));
}

TEST_F(ReceivePush, RefusesWhatIsDamagedCutOrIncomplete) {
  const auto first = commit(1), second = commit(2);
  const auto whole = body({}, first);
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, std::size_t{60}, whole.size() / 2,
                                 whole.size() - 21, whole.size() - 1}) {
    EXPECT_FALSE(receive(whole.substr(0, size))) << size;
  }
  for (std::size_t at = whole.find("PACK"); at < whole.size(); at += 97) {
    auto flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x10);
    EXPECT_FALSE(receive(flipped)) << at;
  }
  EXPECT_FALSE(receive(whole + "more"));
  // The second commit without the first one's files.
  auto torn = body(first, second);
  torn.replace(torn.find(first.hex()), 40, std::string(40, '0'));
  EXPECT_EQ(receive(torn).error().code(), Code::git_object);
  EXPECT_TRUE(position().is_zero());
}

TEST_F(ReceivePush, RefusesCommandsOfAnotherShape) {
  const std::string id(40, '1'), zero(40, '0');
  const auto make = [](const std::string& ref, const std::string& before,
                       const std::string& after) {
    return "holdfast-push 1\nref " + ref + "\nbefore " + before + "\nafter " + after + "\n\n";
  };
  for (const auto& command :
       {make("refs/heads/../x", zero, id), make("HEAD", zero, id), make("refs/tags/x", zero, id),
        make("refs/heads/a.lock", zero, id), make("refs/heads/main", zero, zero),
        make("refs/heads/main", "x", id), std::string("holdfast-push 2\n\n"),
        std::string(100'000, 'x'), std::string("\n\n")}) {
    EXPECT_EQ(receive(command).error().code(), Code::wrong_type) << command.substr(0, 80);
  }
  EXPECT_EQ(receive(make("refs/heads/main", zero, id)).error().code(), Code::git_object);
}

// A process that is killed some microseconds after it began to take the push.
class KilledProcess {
 public:
  KilledProcess(const std::function<void()>& work, long microseconds) {
    child_ = ::fork();
    if (child_ != 0) return;
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGKILL;
    timer_t timer{};
    itimerspec when{};
    when.it_value = {.tv_sec = microseconds / 1'000'000,
                     .tv_nsec = microseconds % 1'000'000 * 1000 + 1};
    ::timer_create(CLOCK_MONOTONIC, &event, &timer);
    ::timer_settime(timer, 0, &when, nullptr);
    work();
    ::_exit(0);
  }

  bool killed() const {
    int status = 0;
    ::waitpid(child_, &status, 0);
    return WIFSIGNALED(status);
  }

 private:
  pid_t child_;
};

TEST_F(ReceivePush, KilledAnywhereLeavesTheOldCommitOrTheNew) {
  if (!stock::has_git()) GTEST_SKIP() << "there is no git on this machine";
  constexpr int rounds = 20;
  constexpr unsigned seed = 20'261'124;
  std::mt19937 random(seed);
  CommitId before;
  int killed = 0, moved = 0;
  long longest = 0;  // microseconds that a whole push takes here; the first one is not killed
  for (int round = 1; round <= rounds; ++round) {
    const auto after = commit(round);
    const auto bytes = body(before, after);
    const auto began = std::chrono::steady_clock::now();
    const auto delay =
        longest == 0 ? 60'000'000L : std::uniform_int_distribution<long>(0, longest)(random);
    const KilledProcess process([&] { static_cast<void>(receive(bytes)); }, delay);
    if (process.killed()) {
      ++killed;
    } else {
      const auto took = std::chrono::steady_clock::now() - began;
      longest = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    }
    const auto seen = position();
    ASSERT_TRUE(seen == before || seen == after) << "seed " << seed << " round " << round;
    moved += seen == after;
    ASSERT_EQ(stock::git(there(), {"fsck", "--strict", "--no-dangling", "--connectivity-only"}),
              "");
    ASSERT_TRUE(prepare_built_in(there(), "main"));
    const auto again = receive(bytes);
    ASSERT_TRUE(again) << again.error().message() << " seed " << seed << " round " << round;
    before = after;
  }
  EXPECT_EQ(stock::git(there(), {"fsck", "--strict", "--no-dangling"}), "");
  RecordProperty("killed", killed);
  RecordProperty("moved", moved);
  EXPECT_GT(killed, 0);
  EXPECT_GT(moved, 0);
}

}  // namespace
}  // namespace holdfast::git
