// SPDX-License-Identifier: Apache-2.0
#include "git/working.h"

#include "fakes/temporary_folder.h"
#include "git/git_tree.h"
#include "tree/memory_tree.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;

class Working : public testing::Test {
 protected:
  void SetUp() override {
    repository = folder / "fleet";
  }
  const tree::MemoryTree files{{{"a.yaml", "a: 1\n"}, {"cluster/demo/b.yaml", "b: 2\n"}}};
  const CommitText text{.author_name = "operator", .author_email = "o@localhost", .time = {}, .message = "start\n"};
  const TemporaryFolder folder{"working"};
  std::string repository;
};

TEST_F(Working, ANewRepositoryIsCleanAndHoldsTheFiles) {
  const auto commit = create_working(repository, "main", files, text);
  ASSERT_TRUE(commit) << commit.error().message();
  const auto state = inspect_working(repository).value();
  EXPECT_EQ(state.branch, "main");
  EXPECT_EQ(state.head, *commit);
  EXPECT_TRUE(state.uncommitted.empty()) << state.uncommitted.front();
  EXPECT_EQ(GitTree::open(state.repository, *commit).value()->read("cluster/demo/b.yaml").value(), "b: 2\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 1) << "nothing is left beside it";
}

TEST_F(Working, AFolderThatHoldsSomethingIsRefused) {
  fs::create_directories(repository);
  std::ofstream(repository + "/mine") << "x";
  EXPECT_EQ(create_working(repository, "main", files, text).error().code(), Code::repo_layout);
}

TEST_F(Working, ACommitTakesItsFilesAndLeavesTheUsersChanges) {
  ASSERT_TRUE(create_working(repository, "main", files, text));
  std::ofstream(repository + "/a.yaml") << "a: changed\n";
  std::ofstream(repository + "/untracked.yaml") << "c: 3\n";
  const auto commit = commit_working(repository, tree::MemoryTree(tree::MemoryTree::Files{{"cluster/demo/new.yaml", "n: 1\n"}}), text);
  ASSERT_TRUE(commit) << commit.error().message();
  const auto state = inspect_working(repository + "/cluster").value();
  EXPECT_EQ(state.head, *commit);
  EXPECT_EQ(state.uncommitted, (std::vector<std::string>{"a.yaml", "untracked.yaml"}));
  const auto tree = GitTree::open(state.repository, *commit).value();
  EXPECT_EQ(tree->read("a.yaml").value(), "a: 1\n");
  EXPECT_EQ(tree->read("cluster/demo/new.yaml").value(), "n: 1\n");
}

// Where a folder of the repository is a link, a commit is refused whole, wherever the link leads.
TEST_F(Working, NoLinkOfTheWorkTreeIsWrittenThrough) {
  ASSERT_TRUE(create_working(repository, "main", files, text));
  const auto before = inspect_working(repository).value();
  fs::create_directories(folder / "elsewhere");
  const struct {
    const char* name;
    std::string link, target, file;
  } cases[] = {
      {"out of the repository", "out", folder / "elsewhere", "out/new.yaml"},
      {"to a folder inside", "cluster/in", "demo", "cluster/in/new.yaml"},
      {"to nothing", "dangling", folder / "elsewhere/later", "dangling/deep/new.yaml"},
      {"in place of a file", "a.link", folder / "elsewhere/file", "a.link/x"},
  };
  for (const auto& test : cases) {
    const fs::path link = fs::path(repository) / test.link;
    fs::create_symlink(test.target, link);
    const tree::MemoryTree added(tree::MemoryTree::Files{{"aa/first.yaml", "n: 1\n"}, {test.file, "n: 1\n"}});
    const auto commit = commit_working(repository, added, text);
    ASSERT_FALSE(commit) << test.name;
    EXPECT_EQ(commit.error().code(), Code::path_outside) << test.name << ": " << commit.error().message();
    EXPECT_TRUE(fs::is_symlink(link)) << test.name;
    fs::remove(link);
    const auto after = inspect_working(repository).value();
    EXPECT_EQ(after.head, before.head) << test.name;
    EXPECT_TRUE(after.uncommitted.empty()) << test.name << ": " << after.uncommitted.front();
    EXPECT_FALSE(fs::exists(fs::path(repository) / "aa")) << test.name << " left a new folder";
  }
  EXPECT_TRUE(fs::is_empty(folder / "elsewhere"));
}

TEST_F(Working, AFileThatIsALinkIsReplacedAndItsTargetStays) {
  ASSERT_TRUE(create_working(repository, "main", files, text));
  std::ofstream(folder / "mine") << "mine\n";
  fs::remove(repository + "/a.yaml");
  fs::create_symlink(folder / "mine", repository + "/a.yaml");
  ASSERT_TRUE(commit_working(repository, tree::MemoryTree(tree::MemoryTree::Files{{"a.yaml", "a: 2\n"}}), text));
  EXPECT_FALSE(fs::is_symlink(repository + "/a.yaml"));
  EXPECT_EQ(fs::file_size(folder / "mine"), 5U);
  EXPECT_TRUE(inspect_working(repository).value().uncommitted.empty());
}

TEST_F(Working, AFolderInAFilesPlaceIsRefusedAndNothingChanges) {
  ASSERT_TRUE(create_working(repository, "main", files, text));
  const auto before = inspect_working(repository).value();
  fs::create_directories(repository + "/z.yaml");
  const tree::MemoryTree added(tree::MemoryTree::Files{{"new/first.yaml", "n: 1\n"}, {"z.yaml", "n: 1\n"}});
  EXPECT_EQ(commit_working(repository, added, text).error().code(), Code::file_unwritable);
  const auto after = inspect_working(repository).value();
  EXPECT_EQ(after.head, before.head);
  EXPECT_TRUE(after.uncommitted.empty());
  EXPECT_FALSE(fs::exists(repository + "/new"));
}

}  // namespace
}  // namespace holdfast::git
