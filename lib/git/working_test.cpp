// SPDX-License-Identifier: Apache-2.0
#include "git/working.h"

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
    std::string name = fs::temp_directory_path() / "holdfast-working-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
    repository = folder / "fleet";
  }
  void TearDown() override { fs::remove_all(folder); }

  const tree::MemoryTree files{{{"a.yaml", "a: 1\n"}, {"cluster/demo/b.yaml", "b: 2\n"}}};
  const CommitText text{.author_name = "operator", .author_email = "o@localhost", .time = {}, .message = "start\n"};
  fs::path folder;
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
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1) << "nothing is left beside it";
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

}  // namespace
}  // namespace holdfast::git
