// SPDX-License-Identifier: Apache-2.0
#include "disk.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/handle.h"

namespace holdfast::e2e {

std::optional<std::string> enter_private_mounts() {
  static const std::optional<std::string> why = [] {
    const bool entered = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    return entered ? std::nullopt : std::optional(fmt::format("no private mounts can be made: {}", ::strerror(errno)));
  }();
  return why;
}

Disk::Disk(std::string folder, long bytes) : folder_(std::move(folder)) {
  std::filesystem::create_directories(folder_);
  EXPECT_EQ(::mount("tmpfs", folder_.c_str(), "tmpfs", 0, fmt::format("size={},mode=0755", bytes).c_str()), 0) << ::strerror(errno);
}

Disk::~Disk() { ::umount2(folder_.c_str(), MNT_DETACH); }

void Disk::leave(long pages) const {
  leave_all();
  const FileDescriptor file(::open(filling().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  struct statvfs state {};
  ::statvfs(folder_.c_str(), &state);
  const long fill = (static_cast<long>(state.f_bavail) - pages) * static_cast<long>(state.f_frsize);
  EXPECT_TRUE(fill <= 0 || ::fallocate(file.get(), 0, 0, fill) == 0) << ::strerror(errno);
}

void Disk::leave_all() const { ::unlink(filling().c_str()); }

void Disk::resize(long bytes) const {
  EXPECT_EQ(::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT, fmt::format("size={}", bytes).c_str()), 0) << ::strerror(errno);
}

}  // namespace holdfast::e2e
