// SPDX-License-Identifier: Apache-2.0
#include "scratch_folder.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

TEST(ScratchFolder, IsThisUsersAloneAndGoesWithItsObject) {
  std::string path;
  {
    auto made = ScratchFolder::make("scratch-test").value();
    const ScratchFolder folder = std::move(made);
    path = folder.path();
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    std::ofstream(folder.path("file")) << "text";
    EXPECT_TRUE(fs::exists(path + "/file"));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(ScratchFolder, StaysWhereItIsKept) {
  const auto parent = ScratchFolder::make("scratch-test").value();
  std::string path;
  {
    auto folder = ScratchFolder::make_in(parent.path(), "kept").value();
    folder.keep();
    path = folder.path();
  }
  EXPECT_TRUE(fs::exists(path));
}

TEST(ScratchFolder, SaysWhereNoneCanBeMade) {
  const auto refused = ScratchFolder::make_in("/nowhere", "none");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(render_error(refused.error(), "").find("/nowhere/none-") != std::string::npos) << render_error(refused.error(), "");
}

}  // namespace
}  // namespace holdfast::bootstrap
