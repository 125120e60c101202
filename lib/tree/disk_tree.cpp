// SPDX-License-Identifier: Apache-2.0
#include "tree/disk_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/text.h"

namespace holdfast::tree {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{64} << 20;

std::unexpected<Error> io_failure(int error, const std::string& where) {
  return failure(Error(Code::file_unreadable, "a file cannot be read")
                     .at(where)
                     .because(std::generic_category().message(error)));
}

int open_relative(int root, const char* path, std::uint64_t resolve) {
  open_how how{};
  how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;  // a FIFO must not hold us up
  how.resolve = resolve;
  return static_cast<int>(::syscall(SYS_openat2, root, path, &how, sizeof how));
}

// Where the kernel says that an open file stands.
Result<std::string> path_of(const FileDescriptor& file) {
  std::array<char, 4096> buffer{};
  const auto link = fmt::format("/proc/self/fd/{}", file.get());
  const auto size = ::readlink(link.c_str(), buffer.data(), buffer.size());
  if (size < 0) return io_failure(errno, link);
  if (static_cast<std::size_t>(size) == buffer.size())
    return failure(Code::limit, "a path is longer than {} bytes", buffer.size());
  return std::string(buffer.data(), static_cast<std::size_t>(size));
}

}  // namespace

Result<DiskTree> DiskTree::open(const std::string& folder) {
  FileDescriptor root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root) {
    const int error = errno;
    if (error == ENOENT) return failure(Code::file_missing, "there is no folder \"{}\"", folder);
    if (error == ENOTDIR) return failure(Code::file_unreadable, "\"{}\" is not a folder", folder);
    return io_failure(error, folder);
  }
  return DiskTree(folder, std::move(root));
}

Result<FileDescriptor> DiskTree::open_beneath(std::string_view path) const {
  const auto clean = join_inside("", path);
  if (!clean) return failure(Code::path_outside, "\"{}\" leaves the tree", printable(path));
  const std::string relative = clean->empty() ? "." : *clean;
  const int fd = open_relative(root_.get(), relative.c_str(), RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
  if (fd >= 0) return FileDescriptor(fd);
  if (errno == ENOENT || errno == ENOTDIR) return FileDescriptor();
  if (errno == EXDEV) {
    return failure(Error(Code::path_outside, fmt::format("the link \"{}\" leads out of the tree", printable(path))).at(folder_));
  }
  return io_failure(errno, folder_ + "/" + relative);
}

Result<std::optional<EntryKind>> DiskTree::kind(std::string_view path) const {
  const FileDescriptor file = TRY(open_beneath(path));
  if (!file) return std::nullopt;
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return io_failure(errno, std::string(path));
  if (S_ISDIR(status.st_mode)) return EntryKind::directory;
  if (S_ISREG(status.st_mode)) return EntryKind::file;
  return std::nullopt;
}

Result<std::string> DiskTree::real_path(std::string_view path) const {
  const FileDescriptor file = TRY(open_beneath(path));
  if (!file) return failure(Error(Code::path_missing, fmt::format("there is nothing at \"{}\"", printable(path))).at(folder_));
  const std::string real = TRY(path_of(file));
  std::string root = TRY(path_of(root_));
  if (root == "/") root.clear();
  if (real == root || real == "/") return std::string();
  // Between two questions someone may have moved it.
  if (!real.starts_with(root + "/")) return failure(Code::path_outside, "\"{}\" has left the tree", printable(path));
  return real.substr(root.size() + 1);
}

Result<std::string> DiskTree::read(std::string_view path) const {
  const FileDescriptor file = TRY(open_beneath(path));
  if (!file) return failure(Error(Code::path_missing, fmt::format("there is no file \"{}\"", printable(path))).at(folder_));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return io_failure(errno, std::string(path));
  if (!S_ISREG(status.st_mode)) {
    return failure(Error(Code::path_missing, fmt::format("\"{}\" is not a file", printable(path))).at(folder_));
  }
  if (static_cast<std::uint64_t>(status.st_size) > file_bytes_max) {
    return failure(Code::limit, "\"{}\" has {} bytes, the limit is {}", printable(path), status.st_size, file_bytes_max);
  }
  std::string content;
  int problem = 0;
  // Straight into the text, which would be filled with zeros first otherwise.
  const auto fill = [&](char* into, std::size_t size) {
    std::size_t filled = 0;
    while (filled < size && problem == 0) {
      const auto count = ::read(file.get(), into + filled, size - filled);
      if (count < 0 && errno != EINTR) problem = errno;
      if (count == 0) break;  // it became shorter under us
      if (count > 0) filled += static_cast<std::size_t>(count);
    }
    return filled;
  };
  content.resize_and_overwrite(static_cast<std::size_t>(status.st_size), fill);
  if (problem != 0) return io_failure(problem, std::string(path));
  return content;
}

Result<std::vector<Entry>> DiskTree::list(std::string_view path) const {
  const FileDescriptor folder = TRY(open_beneath(path));
  if (!folder) return failure(Error(Code::path_missing, fmt::format("there is no folder \"{}\"", printable(path))).at(folder_));
  // Read straight from the descriptor: readdir's stream costs five calls more for each folder, and
  // the folders of a chart are many and small.
  alignas(dirent64) std::array<char, 16384> buffer;
  std::vector<Entry> entries;
  while (true) {
    const auto size = ::getdents64(folder.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == ENOTDIR)
      return failure(Error(Code::path_missing, fmt::format("\"{}\" is not a folder", printable(path))).at(folder_));
    if (size < 0) return io_failure(errno, std::string(path));
    if (size == 0) break;
    for (ssize_t at = 0; at < size;) {
      const auto* item = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += item->d_reclen;
      const std::string_view name = item->d_name;
      if (name == "." || name == "..") continue;
      auto kind = EntryKind::file;
      if (item->d_type == DT_DIR) {
        kind = EntryKind::directory;
      } else if (item->d_type != DT_REG) {
        const auto found = this->kind(path.empty() ? std::string(name) : fmt::format("{}/{}", path, name));
        if (!found || !*found) continue;  // leads out or nowhere: an error only for who reads it
        kind = **found;
      }
      entries.push_back({.name = std::string(name), .kind = kind});
    }
  }
  std::ranges::sort(entries, {}, &Entry::name);
  return entries;
}

}  // namespace holdfast::tree
