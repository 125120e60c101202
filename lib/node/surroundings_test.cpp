// SPDX-License-Identifier: Apache-2.0
#include "node/surroundings.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>

#include <filesystem>

#include "fakes/temporary_folder.h"
#include "node/files.h"

namespace holdfast::node {
namespace {

class MountPoints : public testing::Test {
 protected:
  MountPoints() {
    for (const auto& each : {root(), of_first(), of_second()}) std::filesystem::create_directory(each);
  }

  std::string root() const { return folder_.path("root"); }
  std::string of_first() const { return folder_.path("kubelet"); }
  std::string of_second() const { return folder_.path("cni"); }

  FileDescriptor living_node() const {
    FileDescriptor held(::open(root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_EQ(::flock(held.get(), LOCK_SH | LOCK_NB), 0);
    return held;
  }

  const TemporaryFolder folder_{"node"};
};

TEST_F(MountPoints, GoWithTheOnlyNode) {
  ASSERT_TRUE(release_mount_points(root(), {of_first(), root()}));
  EXPECT_FALSE(std::filesystem::exists(of_first()));
  EXPECT_FALSE(std::filesystem::exists(root()));
  EXPECT_TRUE(std::filesystem::exists(of_second()));
}

TEST_F(MountPoints, StayWhileAnotherNodeLivesAndGoWithTheLastOne) {
  {
    const auto other = living_node();
    ASSERT_TRUE(release_mount_points(root(), {of_first(), root()}));
    EXPECT_TRUE(std::filesystem::exists(of_first()));
    EXPECT_TRUE(std::filesystem::exists(root()));
  }
  ASSERT_TRUE(release_mount_points(root(), {of_second()}));
  EXPECT_FALSE(std::filesystem::exists(of_first()));
  EXPECT_FALSE(std::filesystem::exists(of_second()));
  EXPECT_FALSE(std::filesystem::exists(root()));
}

TEST_F(MountPoints, StayWhereTheUserPutAFileIntoThem) {
  ASSERT_TRUE(write_file(of_first() + "/own", "text", 0600));
  ASSERT_TRUE(release_mount_points(root(), {of_first()}));
  EXPECT_TRUE(std::filesystem::exists(of_first() + "/own"));
}

}  // namespace
}  // namespace holdfast::node
