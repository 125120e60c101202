// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tree/disk_tree.h"
#include "fakes/temporary_folder.h"
#include "tree/file_tree.h"
#include "tree/memory_tree.h"

namespace holdfast::tree {
namespace {

namespace fs = std::filesystem;

class OnDisk : public testing::Test {
 protected:
  void write(const std::string& path, std::string_view content) const {
    fs::create_directories((folder / path).parent_path());
    std::ofstream(folder / path) << content;
  }

  const TemporaryFolder folder{"tree"};
};

TEST(MemoryTree, ListsFoldersAndFilesByName) {
  const MemoryTree tree({{"a.b", "1"}, {"a/x", "2"}, {"a/y/z", "3"}, {"c", "4"}});
  EXPECT_EQ(tree.list("").value(), (std::vector<Entry>{{"a", EntryKind::directory},
                                                       {"a.b", EntryKind::file},
                                                       {"c", EntryKind::file}}));
  EXPECT_EQ(walk(tree, "a").value(), (std::vector<std::string>{"x", "y/z"}));
  EXPECT_EQ(tree.read("a/missing").error().code(), Code::path_missing);
}

TEST(Subtree, CannotBeLeft) {
  const MemoryTree tree({{"a/x", "1"}, {"secret", "2"}});
  const auto sub = subtree(tree, "a");
  EXPECT_EQ(sub->read("x").value(), "1");
  EXPECT_EQ(sub->read("../secret").error().code(), Code::path_outside);
}

TEST_F(OnDisk, ReadsFilesAndFollowsLinksInside) {
  write("base/x.yaml", "hello");
  fs::create_symlink("base/x.yaml", folder / "link.yaml");
  fs::create_directory_symlink("base", folder / "also");
  const auto tree = DiskTree::open(folder.path()).value();
  EXPECT_EQ(tree.read("link.yaml").value(), "hello");
  EXPECT_EQ(tree.read("also/x.yaml").value(), "hello");
  EXPECT_EQ(tree.real_path("also/x.yaml").value(), "base/x.yaml");
  EXPECT_EQ(tree.real_path("also/..").value(), "");
  EXPECT_EQ(tree.real_path("nobody").error().code(), Code::path_missing);
  EXPECT_EQ(subtree(tree, "also")->real_path("x.yaml").value(), "x.yaml");
  EXPECT_EQ(tree.list("").value(), (std::vector<Entry>{{"also", EntryKind::directory},
                                                       {"base", EntryKind::directory},
                                                       {"link.yaml", EntryKind::file}}));
}

TEST_F(OnDisk, RefusesLinksThatLeadOut) {
  fs::create_symlink("/etc/hostname", folder / "absolute");
  fs::create_symlink("../../etc/hostname", folder / "relative");
  const auto tree = DiskTree::open(folder.path()).value();
  EXPECT_EQ(tree.read("absolute").error().code(), Code::path_outside);
  EXPECT_EQ(tree.read("relative").error().code(), Code::path_outside);
  EXPECT_EQ(tree.real_path("relative").error().code(), Code::path_outside);
  EXPECT_TRUE(tree.list("").value().empty());
}

TEST_F(OnDisk, ALinkCycleEndsAtTheKernelsLimitOfLinks) {
  fs::create_directory_symlink(".", folder / "again");
  write("x", "1");
  const auto tree = DiskTree::open(folder.path()).value();
  const auto files = walk(tree, "");
  ASSERT_TRUE(files);
  EXPECT_LE(files->size(), 41U);
}

TEST_F(OnDisk, FoldersWithoutFilesAreCountedToo) {
  // Two links that lead back make 2^40 folders of one.
  for (const auto* name : {"a", "b"}) fs::create_directory_symlink(".", folder / name);
  const auto tree = DiskTree::open(folder.path()).value();
  const auto files = walk(tree, "", 1000);
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().code(), Code::limit);
}

}  // namespace
}  // namespace holdfast::tree
