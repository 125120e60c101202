// SPDX-License-Identifier: Apache-2.0
#include "bundle/custody.h"

#include "archive/stream.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

namespace holdfast::bundle {
namespace {

std::unexpected<Error> unreadable(const std::string& path, std::string reason) {
  const Code code = errno == ENOENT ? Code::file_missing : Code::file_unreadable;
  return failure(Error(code, "the bundle could not be opened").at(path).because(std::move(reason)));
}

// A file system where another machine or a program decides what a read returns.
bool is_remote(int fd) {
  struct statfs system{};
  if (::fstatfs(fd, &system) != 0) return true;
  return system.f_type == NFS_SUPER_MAGIC || system.f_type == FUSE_SUPER_MAGIC ||
         system.f_type == SMB_SUPER_MAGIC || system.f_type == V9FS_MAGIC;
}

// The kernel grants a read lease only while nobody has the file open for writing, and tells the
// holder before it lets anyone. The signal is one that is ignored by default: the answer is asked
// for with F_GETLEASE.
bool lease(int fd) {
  return ::fcntl(fd, F_SETSIG, SIGURG) == 0 && ::fcntl(fd, F_SETLEASE, F_RDLCK) == 0;
}

bool may_stay(const struct stat& status, int fd) {
  const bool owned = status.st_uid == 0 || status.st_uid == ::geteuid();
  return owned && (status.st_mode & 0022U) == 0 && !is_remote(fd);
}

Result<FileDescriptor> private_copy(int from, const std::string& folder) {
  FileDescriptor copy(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!copy) return unreadable(folder, ::strerror(errno));
  if (::ioctl(copy.get(), FICLONE, from) == 0) return copy;
  TRY(archive::copy(archive::source_of_fd(from), archive::sink_to_fd(copy.get())),
      "making a private copy in '{}'", folder);
  return copy;
}

}  // namespace

bool HeldFile::is_still_ours() const {
  return custody == Custody::copied || ::fcntl(file.get(), F_GETLEASE) == F_RDLCK;
}

Result<HeldFile> hold_file(const std::string& path, const std::string& copy_folder) {
  HeldFile held;
  held.file = FileDescriptor(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!held.file && errno == ELOOP) return unreadable(path, "it is a symbolic link");
  if (!held.file || ::fstat(held.file.get(), &status) != 0) {
    return unreadable(path, ::strerror(errno));
  }
  errno = 0;
  if (!S_ISREG(status.st_mode)) return unreadable(path, "it is no regular file");
  held.original = {.device = status.st_dev,
                   .inode = status.st_ino,
                   .size = static_cast<std::uint64_t>(status.st_size),
                   .changed = WallTime(std::chrono::seconds(status.st_ctim.tv_sec) +
                                       std::chrono::nanoseconds(status.st_ctim.tv_nsec))};
  if (!may_stay(status, held.file.get()) || !lease(held.file.get())) {
    held.file = TRY(private_copy(held.file.get(), copy_folder));
    held.custody = Custody::copied;
    if (::fstat(held.file.get(), &status) != 0) return unreadable(path, ::strerror(errno));
  }
  held.size = static_cast<std::uint64_t>(status.st_size);
  return held;
}

}  // namespace holdfast::bundle
