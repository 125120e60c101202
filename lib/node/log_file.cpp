// SPDX-License-Identifier: Apache-2.0
#include "node/log_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

#include "node/files.h"

namespace holdfast::node {
namespace {

FileDescriptor open_log(const std::string& path) {
  return FileDescriptor(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
}

}  // namespace

Result<LogFile> LogFile::open(std::string path, std::uint64_t limit) {
  FileDescriptor file = open_log(path);
  struct stat state {};
  if (!file || ::fstat(file.get(), &state) != 0) {
    return failure(system_failure(Code::file_unwritable, fmt::format("cannot write the log \"{}\"", path)));
  }
  return LogFile(std::move(path), std::move(file), static_cast<std::uint64_t>(state.st_size), limit);
}

void LogFile::append(std::string_view text) {
  if (size_ + text.size() > limit_ && size_ > 0) {
    std::rename(path_.c_str(), (path_ + ".1").c_str());
    if (FileDescriptor next = open_log(path_)) file_ = std::move(next);
    size_ = 0;
  }
  const auto count = ::write(file_.get(), text.data(), text.size());
  if (count > 0) size_ += static_cast<std::uint64_t>(count);
}

}  // namespace holdfast::node
