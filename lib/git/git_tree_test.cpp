// SPDX-License-Identifier: Apache-2.0
#include "git/git_tree.h"

#include "fakes/stock_git.h"
#include "fakes/temporary_folder.h"
#include "git/repository.h"
#include "tree/memory_tree.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace holdfast::git {
namespace {

using tree::Entry;
using tree::EntryKind;

const CommitText text = {.author_name = "A <U>\nThor",
                         .author_email = "a@example.com",
                         .time = WallTime(std::chrono::seconds(1'700'000'000)),
                         .message = "first"};

class GitTrees : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(create_bare(folder.path(), "main")); }

  CommitId commit(tree::MemoryTree::Files files) const {
    return commit_files(folder.path(), "main", tree::MemoryTree(std::move(files)), text).value();
  }

  TemporaryFolder folder{"tree"};
};

TEST_F(GitTrees, ReadWhatWasCommitted) {
  const auto id = commit({{"a.b", "1"}, {"a/x", "2"}, {"a/y/z", "3"}});
  const auto tree = GitTree::open(folder.path(), id).value();
  EXPECT_EQ(tree->list("").value(),
            (std::vector<Entry>{{"a", EntryKind::directory}, {"a.b", EntryKind::file}}));
  EXPECT_EQ(tree->read("a/y/z").value(), "3");
  EXPECT_EQ(tree->kind("a/y").value(), EntryKind::directory);
  EXPECT_EQ(tree->kind("a/x/z").value(), std::nullopt);
  EXPECT_EQ(tree->read("a/missing").error().code(), Code::path_missing);
  EXPECT_EQ(tree->read("../etc/passwd").error().code(), Code::path_outside);
  EXPECT_EQ(tree->commit().author_name, "A UThor");
  EXPECT_EQ(tree->commit().message, "first\n");
  EXPECT_EQ(GitTree::open(folder.path(), ObjectId()).error().code(), Code::git_revision);
}

TEST_F(GitTrees, AnEqualCommitIsNotMadeTwice) {
  const auto first = commit({{"a", "1"}});
  EXPECT_EQ(commit({{"a", "1"}}), first);
  const auto second = commit({{"a", "2"}});
  EXPECT_NE(second, first);
  EXPECT_EQ(GitTree::open(folder.path(), second).value()->commit().parents,
            std::vector<CommitId>{first});
}

TEST_F(GitTrees, SayWhichPathsChanged) {
  const auto before = commit({{"same", "1"}, {"a/x", "1"}, {"gone/y", "1"}, {"turns", "1"}});
  const auto after = commit({{"same", "1"}, {"a/x", "2"}, {"new/z", "1"}, {"turns/into", "1"}});
  EXPECT_EQ(changed_paths(*GitTree::open(folder.path(), before).value(),
                          *GitTree::open(folder.path(), after).value())
                .value(),
            (std::vector<std::string>{"a/x", "gone/y", "new/z", "turns", "turns/into"}));
}

class FromStockGit : public testing::Test {
 protected:
  void SetUp() override {
    if (!stock::has_git()) GTEST_SKIP() << "there is no git on this machine";
    stock::git(folder.path(), {"init", "-q", "-b", "main", "."});
  }

  std::shared_ptr<const GitTree> commit() const {
    stock::git(folder.path(), {"add", "-A"});
    stock::git(folder.path(), {"commit", "-q", "-m", "x"});
    return head();
  }

  std::shared_ptr<const GitTree> head() const {
    const auto id = stock::git(folder.path(), {"rev-parse", "HEAD"});
    return GitTree::open(folder.path(".git"), *CommitId::parse(id)).value();
  }

  void link(const std::string& target, const std::string& name) const {
    ASSERT_EQ(::symlink(target.c_str(), folder.path(name).c_str()), 0);
  }

  TemporaryFolder folder{"tree"};
};

TEST_F(FromStockGit, LinksAreFollowedInsideTheTree) {
  stock::write_file(folder.path("base/x.yaml"), "hello");
  stock::write_file(folder.path("base/deep/y.yaml"), "deep");
  link("base/x.yaml", "link.yaml");
  link("base", "also");
  link("../x.yaml", "base/deep/up.yaml");
  link("also/deep", "twice");
  const auto tree = commit();
  EXPECT_EQ(tree->read("link.yaml").value(), "hello");
  EXPECT_EQ(tree->read("also/deep/up.yaml").value(), "hello");
  EXPECT_EQ(tree->read("twice/y.yaml").value(), "deep");
  EXPECT_EQ(tree->real_path("twice/up.yaml").value(), "base/x.yaml");
  EXPECT_EQ(tree->real_path("also/deep").value(), "base/deep");
  EXPECT_EQ(tree->real_path("").value(), "");
  EXPECT_EQ(tree->list("").value().size(), 4U);
  EXPECT_EQ(tree->list("twice").value().size(), 2U);
}

TEST_F(FromStockGit, LinksThatLeadOutOrInCirclesAreRefused) {
  stock::write_file(folder.path("base/x"), "1");
  link("/etc/hostname", "absolute");
  link("../../etc/hostname", "base/relative");
  link("one", "two");
  link("two", "one");
  link("nowhere", "dangling");
  const auto tree = commit();
  EXPECT_EQ(tree->read("absolute").error().code(), Code::path_outside);
  EXPECT_EQ(tree->read("base/relative").error().code(), Code::path_outside);
  EXPECT_EQ(tree->read("one").error().code(), Code::limit);
  EXPECT_EQ(tree->real_path("dangling").error().code(), Code::path_missing);
  EXPECT_EQ(tree->real_path("absolute").error().code(), Code::path_outside);
  EXPECT_EQ(tree->read("dangling").error().code(), Code::path_missing);
  EXPECT_EQ(tree->list("").value(), (std::vector<Entry>{{"base", EntryKind::directory}}));
}

TEST_F(FromStockGit, ASubmoduleIsReportedAndNotEntered) {
  stock::write_file(folder.path("x"), "1");
  const auto first = commit()->commit().id.hex();
  stock::git(folder.path(),
             {"update-index", "--add", "--cacheinfo", "160000," + first + ",vendor/lib"});
  stock::git(folder.path(), {"commit", "-q", "-m", "module"});
  const auto tree = head();
  EXPECT_EQ(tree->list("vendor").value(), (std::vector<Entry>{{"lib", EntryKind::directory}}));
  EXPECT_EQ(tree->list("vendor/lib").error().code(), Code::source_unsupported);
  EXPECT_EQ(tree->read("vendor/lib/a.yaml").error().code(), Code::source_unsupported);
  EXPECT_EQ(tree->read("x").value(), "1");
}

TEST_F(FromStockGit, ATreeThatNamesOneFolderManyTimesIsNotComparedForEver) {
  const auto make = [&](const std::string& lines) {
    const auto id = stock::run({"git", "-C", folder.path(), "mktree"}, lines);
    return id.out.substr(0, 40);
  };
  // 2^40 folders and no file.
  const auto bomb = [&](std::string tree) {
    for (int i = 0; i < 40; ++i) tree = make(fmt::format("040000 tree {0}\ta\n040000 tree {0}\tb\n", tree));
    const auto commit = stock::git(folder.path(), {"commit-tree", "-m", "x", tree});
    return GitTree::open(folder.path(".git"), *CommitId::parse(commit)).value();
  };
  const auto empty = make("");
  const auto before = bomb(empty), after = bomb(make(fmt::format("040000 tree {}\tc\n", empty)));
  EXPECT_EQ(changed_paths(*before, *after, 1000).error().code(), Code::limit);
  EXPECT_EQ(tree::walk(*before, "", 1000).error().code(), Code::limit);
}

TEST_F(FromStockGit, AHostileDirectoryIsRefusedAndItsNeighboursAreNot) {
  stock::write_file(folder.path("good/x"), "1");
  commit();
  const auto blob = stock::git(folder.path(), {"rev-parse", "HEAD:good/x"});
  // The shell's git refuses to write such a tree by name, so it is fed as bytes.
  const auto make = [&](const std::string& line) {
    const auto ran = stock::run({"git", "-C", folder.path(), "mktree"}, line);
    return std::string(ran.out.substr(0, 40));
  };
  const auto bad = make("100644 blob " + blob + "\t..\n");
  ASSERT_EQ(bad.size(), 40U);
  const auto good = stock::git(folder.path(), {"rev-parse", "HEAD:good"});
  const auto root = make("040000 tree " + bad + "\tbad\n040000 tree " + good + "\tgood\n");
  const auto id = stock::git(folder.path(), {"commit-tree", "-m", "x", root});
  const auto tree = GitTree::open(folder.path(".git"), *CommitId::parse(id)).value();
  EXPECT_EQ(tree->read("good/x").value(), "1");
  EXPECT_EQ(tree->list("bad").error().code(), Code::git_object);
  EXPECT_EQ(tree->read("bad/x").error().code(), Code::git_object);
}

TEST_F(FromStockGit, LimitsHoldForLargeFilesAndFolders) {
  stock::write_file(folder.path("large"), std::string(2000, 'x'));
  for (int i = 0; i < 20; ++i)
    stock::write_file(folder.path(fmt::format("many/{}", i)), "1");
  const auto id = commit()->commit().id;
  const auto tree =
      GitTree::open(folder.path(".git"), id, {.file_bytes_max = 1000, .entries_max = 10}).value();
  EXPECT_EQ(tree->read("large").error().code(), Code::limit);
  EXPECT_EQ(tree->list("many").error().code(), Code::limit);
  EXPECT_EQ(tree->list("").value().size(), 2U);
}

TEST_F(FromStockGit, WhatWeWriteIsWhatGitReads) {
  TemporaryFolder bare{"bare"};
  ASSERT_TRUE(create_bare(bare.path(), "main"));
  const auto id = commit_files(bare.path(), "main",
                               tree::MemoryTree({{"a.b", "1"}, {"a/x", "2"}, {"a-b/x", "3"}}), text)
                      .value();
  EXPECT_EQ(stock::git(bare.path(), {"rev-parse", "main"}), id.hex());
  EXPECT_EQ(stock::git(bare.path(), {"fsck", "--strict", "--full"}), "");
  EXPECT_EQ(stock::git(bare.path(), {"show", "main:a/x"}), "2");
  EXPECT_EQ(stock::git(bare.path(), {"log", "-1", "--format=%an <%ae> %at %s"}),
            "A UThor <a@example.com> 1700000000 first");
}

}  // namespace
}  // namespace holdfast::git
