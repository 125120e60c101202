// SPDX-License-Identifier: Apache-2.0
#include "bundle/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t files_limit = 100'000;

std::unexpected<Error> unreadable(const std::string& path, int reason) {
  const Code code = reason == ENOENT ? Code::file_missing : Code::file_unreadable;
  return failure(
      Error(code, "a file for the bundle could not be read").at(path).because(::strerror(reason)));
}

}  // namespace

Result<InputFile> open_input(const std::string& path) {
  InputFile input;
  input.file = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status{};
  if (!input.file || ::fstat(input.file.get(), &status) != 0) return unreadable(path, errno);
  if (!S_ISREG(status.st_mode)) return unreadable(path, S_ISDIR(status.st_mode) ? EISDIR : EINVAL);
  input.size = static_cast<std::uint64_t>(status.st_size);
  input.mode = (status.st_mode & S_IXUSR) != 0 ? 0755 : 0644;
  return input;
}

Result<std::vector<InputPath>> list_inputs(const std::string& folder, const std::set<std::string>& without) {
  std::vector<InputPath> files;
  std::error_code status;
  auto walk = fs::recursive_directory_iterator(folder, status);
  if (status) return unreadable(folder, status.value());
  for (; walk != fs::recursive_directory_iterator(); walk.increment(status)) {
    const fs::path& path = walk->path();
    if (path.filename().string().starts_with('.') || (walk.depth() == 0 && without.contains(path.filename()))) {
      walk.disable_recursion_pending();
      continue;
    }
    if (walk->is_directory(status) && !walk->is_symlink(status)) continue;
    if (!walk->is_regular_file(status)) return unreadable(path, EINVAL);
    if (files.size() == files_limit) {
      return failure(Code::limit, "'{}' holds more than {} files", folder, files_limit);
    }
    files.push_back({path.lexically_relative(folder), path});
  }
  if (status) return unreadable(folder, status.value());
  std::ranges::sort(files, {}, &InputPath::path);
  return files;
}

}  // namespace holdfast::bundle
