// SPDX-License-Identifier: Apache-2.0
#include "node/surroundings.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/file.h>

#include <filesystem>

#include "node/files.h"

namespace holdfast::node {
namespace {

class MountPoints : public testing::Test {
 protected:
  MountPoints() {
    std::string name = "/tmp/hf-node-XXXXXX";
    path_ = ::mkdtemp(name.data());
    for (const auto& each : {root(), of_first(), of_second()}) std::filesystem::create_directory(each);
  }
  ~MountPoints() override { std::filesystem::remove_all(path_); }

  std::string root() const { return path_ + "/root"; }
  std::string of_first() const { return path_ + "/kubelet"; }
  std::string of_second() const { return path_ + "/cni"; }

  FileDescriptor living_node() const {
    FileDescriptor held(::open(root().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    EXPECT_EQ(::flock(held.get(), LOCK_SH | LOCK_NB), 0);
    return held;
  }

  std::string path_;
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
