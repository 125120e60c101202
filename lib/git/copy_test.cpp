// SPDX-License-Identifier: Apache-2.0
#include "git/copy.h"

#include "fakes/stock_git.h"
#include "fakes/temporary_folder.h"
#include "git/git_tree.h"
#include "git/working.h"
#include "tree/memory_tree.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;

const CommitText text{.author_name = "holdfast", .author_email = "h@localhost", .time = {}, .message = "trial\n"};

class Copies : public testing::Test {
 protected:
  void SetUp() override {
    if (!stock::has_git()) GTEST_SKIP() << "git is not installed";
    fs::create_directories(source());
    stock::git(source(), {"init", "-q", "-b", "work"});
    stock::write_file(source() + "/charts/web/values.yaml", "a: 1\n");
    stock::write_file(source() + "/bin/generate", "#!/bin/sh\n");
    fs::permissions(source() + "/bin/generate", fs::perms::owner_exec, fs::perm_options::add);
    fs::create_symlink("../charts/web/values.yaml", source() + "/bin/values");
    fs::create_directory_symlink("charts", source() + "/shared");
    fs::create_symlink("not-made-yet", source() + "/dangling");
    // A submodule, and its folder as it is while nobody fetched it.
    fs::create_directories(source() + "/vendored");
    stock::git(source(), {"update-index", "--add", "--cacheinfo", "160000,1234567890123456789012345678901234567890,vendored"});
  }

  [[nodiscard]] std::string source() const { return folder.path("source"); }
  [[nodiscard]] std::string copy() const { return folder.path("copy"); }

  Result<CommitId> take(const std::string& message = "start") {
    stock::git(source(), {"add", "-A"});
    stock::git(source(), {"commit", "-q", "-m", message});
    const auto state = inspect_working(source()).value();
    return copy_commit(state.repository, state.head.value(), copy(), "main", text);
  }

  TemporaryFolder folder{"copy"};
};

TEST_F(Copies, HoldEveryEntryAsItIs) {
  const auto commit = take();
  ASSERT_TRUE(commit) << commit.error().message();
  EXPECT_EQ(stock::git(copy(), {"ls-tree", "-r", "HEAD"}), stock::git(source(), {"ls-tree", "-r", "HEAD"}));
  EXPECT_EQ(stock::git(copy(), {"status", "--porcelain"}), "");
  EXPECT_EQ(stock::git(copy(), {"fsck", "--strict", "--no-dangling"}), "");
  EXPECT_EQ(stock::git(copy(), {"log", "--format=%H %s", "main"}), commit->hex() + " trial");
  EXPECT_EQ(fs::read_symlink(copy() + "/bin/values"), "../charts/web/values.yaml");
  EXPECT_EQ(fs::read_symlink(copy() + "/shared"), "charts");
  EXPECT_EQ(fs::read_symlink(copy() + "/dangling"), "not-made-yet");
  EXPECT_NE(fs::status(copy() + "/bin/generate").permissions() & fs::perms::owner_exec, fs::perms::none);
  const auto state = inspect_working(copy()).value();
  EXPECT_EQ(state.branch, "main");
  EXPECT_TRUE(state.uncommitted.empty()) << state.uncommitted.front();
}

TEST_F(Copies, OfAShallowCloneAndOfALinkedWorkTreeAreWhole) {
  ASSERT_TRUE(take());
  const auto expected = stock::git(source(), {"ls-tree", "-r", "HEAD"});
  stock::git(folder.path(), {"clone", "-q", "--depth", "1", "file://" + source(), "shallow"});
  stock::git(source(), {"worktree", "add", "-q", "--detach", folder.path("linked")});
  for (const auto* each : {"shallow", "linked"}) {
    const auto state = inspect_working(folder.path(each)).value();
    const auto target = folder.path(std::string(each) + "-copy");
    const auto commit = copy_commit(state.repository, state.head.value(), target, "main", text);
    ASSERT_TRUE(commit) << each << ": " << commit.error().message();
    EXPECT_EQ(stock::git(target, {"ls-tree", "-r", "HEAD"}), expected) << each;
    EXPECT_EQ(stock::git(target, {"status", "--porcelain"}), "") << each;
  }
}

TEST_F(Copies, TakeACommitOfTheirOwnOverLinksAndExecBits) {
  ASSERT_TRUE(take());
  const tree::MemoryTree changed(tree::MemoryTree::Files{{"charts/web/values.yaml", "a: 2\n"}});
  const auto commit = commit_working(copy(), changed, text);
  ASSERT_TRUE(commit) << commit.error().message();
  EXPECT_EQ(stock::git(copy(), {"show", "--format=", "--name-status", "HEAD"}), "M\tcharts/web/values.yaml");
  EXPECT_EQ(stock::git(copy(), {"status", "--porcelain"}), "");
  EXPECT_EQ(stock::git(source(), {"status", "--porcelain"}), "") << "the source is as it was";
}

TEST_F(Copies, OfALinkThatLeadsOutAreRefusedByItsName) {
  const struct {
    const char* name;
    const char* link;
    const char* target;
  } cases[] = {
      {"an absolute path", "etc", "/etc/passwd"},
      {"above the repository", "bin/up", "../../elsewhere"},
      {"by way of another link", "shared/web/far", "../../../elsewhere"},
  };
  for (const auto& test : cases) {
    const auto link = fs::path(source()) / test.link;
    fs::create_symlink(test.target, link);
    const auto commit = take(test.name);
    ASSERT_FALSE(commit) << test.name;
    EXPECT_EQ(commit.error().code(), Code::path_outside) << test.name;
    EXPECT_TRUE(commit.error().message().contains(fs::path(test.link).filename().string())) << commit.error().message();
    EXPECT_TRUE(commit.error().message().contains(test.target)) << commit.error().message();
    fs::remove(link);
    fs::remove_all(copy());
  }
}

}  // namespace
}  // namespace holdfast::git
