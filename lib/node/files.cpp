// SPDX-License-Identifier: Apache-2.0
#include "node/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace holdfast::node {
namespace {

namespace fs = std::filesystem;

// Configurations, kernel files, logs' last lines: nothing of ours is larger.
constexpr std::size_t file_max = std::size_t{16} << 20;

bool is_same(const std::string& path, std::string_view content, mode_t mode) {
  struct stat state {};
  if (::stat(path.c_str(), &state) != 0 || (state.st_mode & 07777) != mode) return false;
  const auto old = read_file(path);
  return old && *old == content;
}

}  // namespace

Result<std::string> read_file(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return failure(system_failure(Code::file_unreadable, fmt::format("cannot read \"{}\"", path)));
  std::string content;
  std::array<char, 16384> buffer{};
  while (true) {
    const auto count = ::read(file.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failure(system_failure(Code::file_unreadable, fmt::format("cannot read \"{}\"", path)));
    if (count == 0) return content;
    content.append(buffer.data(), static_cast<std::size_t>(count));
    if (content.size() > file_max) {
      return failure(Code::limit, "\"{}\" is larger than {} bytes", path, file_max);
    }
  }
}

Result<> write_file(const std::string& path, std::string_view content, mode_t mode) {
  if (is_same(path, content, mode)) return {};
  return replace_file(path, content, mode);
}

Result<> write_into(const std::string& path, std::string_view content) {
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return failure(system_failure(Code::file_unwritable, fmt::format("cannot open \"{}\"", path)));
  auto written = write_all(file.get(), content);
  if (!written) return failure(std::move(written).error().at(path));
  return {};
}

Result<> make_folder(const std::string& path, mode_t mode) {
  std::error_code problem;
  const bool made = fs::create_directories(path, problem);
  if (problem) {
    errno = problem.value();
    return failure(system_failure(Code::file_unwritable, fmt::format("cannot make the folder \"{}\"", path)));
  }
  if (made && ::chmod(path.c_str(), mode) != 0) {
    return failure(system_failure(Code::file_unwritable, fmt::format("cannot set the mode of \"{}\"", path)));
  }
  return {};
}

namespace {

Result<> remove_within(const std::string& path, dev_t device) {
  struct stat state {};
  if (::lstat(path.c_str(), &state) != 0) return {};
  if (state.st_dev != device) {
    return failure(Code::file_unwritable, "\"{}\" is on another file system and stays", path);
  }
  if (S_ISDIR(state.st_mode)) {
    std::error_code problem;
    for (const auto& entry : fs::directory_iterator(path, problem)) {
      TRY(remove_within(entry.path().string(), device));
    }
  }
  if (::remove(path.c_str()) != 0 && errno != ENOENT) {
    return failure(system_failure(Code::file_unwritable, fmt::format("cannot remove \"{}\"", path)));
  }
  return {};
}

}  // namespace

Result<> remove_tree(const std::string& path) {
  struct stat state {};
  if (::lstat(path.c_str(), &state) != 0) return {};
  return remove_within(path, state.st_dev);
}

Result<FileDescriptor> lock_file(const std::string& path) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) return failure(system_failure(Code::file_unwritable, fmt::format("cannot open \"{}\"", path)));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return failure(Error(Code::another_run, "another command works on this node")
                       .at(path)
                       .because("the lock is held by a living process"));
  }
  return file;
}

bool is_locked(const std::string& path) {
  const FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  return file && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0;
}

}  // namespace holdfast::node
