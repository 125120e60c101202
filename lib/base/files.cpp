// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/handle.h"

namespace holdfast {

Error system_failure(Code otherwise, std::string what) {
  const int cause = errno;
  Code code = otherwise;
  if (cause == ENOSPC || cause == EDQUOT) code = Code::disk_full;
  if (cause == ENOENT && otherwise == Code::file_unreadable) code = Code::file_missing;
  return Error(code, std::move(what)).because(::strerror(cause));
}

Result<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(system_failure(Code::file_unwritable, "the file could not be written"));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<> replace_file(const std::string& path, std::string_view content, mode_t mode) {
  const auto refused = [&] {
    return failure(system_failure(Code::file_unwritable, "the file could not be written").at(path));
  };
  const std::string beside = path + ".new";
  const FileDescriptor file(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return refused();
  auto written = write_all(file.get(), content);
  if (!written) written = failure(std::move(written).error().at(path));
  if (written && (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0 || ::rename(beside.c_str(), path.c_str()) != 0)) {
    written = refused();
  }
  if (!written) ::unlink(beside.c_str());
  return written;
}

}  // namespace holdfast
