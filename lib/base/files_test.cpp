// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/handle.h"
#include "fakes/temporary_folder.h"

namespace holdfast {
namespace {

namespace fs = std::filesystem;

class Files : public testing::Test {
 protected:
  [[nodiscard]] std::ptrdiff_t entries() const { return std::distance(fs::directory_iterator(folder.path()), {}); }

  const TemporaryFolder folder{"files"};
};

TEST_F(Files, AreReplacedWhole) {
  const auto path = folder / "a";
  ASSERT_TRUE(replace_file(path, "one", 0600));
  ASSERT_TRUE(replace_file(path, "two", 0644));
  std::string text;
  std::ifstream(path) >> text;
  EXPECT_EQ(text, "two");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms(0644));
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, ARefusalNamesTheFileAndLeavesNothingBesideIt) {
  const auto path = folder / "a";
  fs::create_directories(path / "in the way");
  const auto written = replace_file(path, "one", 0600);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message(), fmt::format("the file could not be written ({}): Is a directory", path.string()));
  EXPECT_EQ(entries(), 1);
}

TEST_F(Files, NoLinkIsFollowed) {
  fs::create_symlink(folder / "elsewhere", folder / "a.new");
  EXPECT_EQ(replace_file(folder / "a", "one", 0600).error().code(), Code::file_unwritable);
  EXPECT_FALSE(fs::exists(folder / "elsewhere"));
}

TEST(WriteAll, KnowsAFullDisk) {
  const FileDescriptor full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  if (!full) GTEST_SKIP() << "this machine has no /dev/full";
  EXPECT_EQ(write_all(full.get(), "x").error().code(), Code::disk_full);
}

}  // namespace
}  // namespace holdfast
