// SPDX-License-Identifier: Apache-2.0
#include "archive/stream.h"

#include "base/files.h"

#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace holdfast::archive {
namespace {

constexpr std::size_t buffer_size = std::size_t{256} << 10;

std::unexpected<Error> unreadable() {
  return failure(
      Error(Code::file_unreadable, "the file could not be read").because(::strerror(errno)));
}

}  // namespace

Source source_of(std::string_view bytes) {
  return [rest = bytes](std::span<char> into) mutable -> Result<std::size_t> {
    const auto size = std::min(rest.size(), into.size());
    std::ranges::copy(rest.substr(0, size), into.begin());
    rest.remove_prefix(size);
    return size;
  };
}

Source source_of_range(int fd, std::uint64_t offset, std::uint64_t size) {
  return [fd, offset, size](std::span<char> into) mutable -> Result<std::size_t> {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, into.size()));
    if (wanted == 0) return std::size_t{0};
    ssize_t got = 0;
    do {
      got = ::pread(fd, into.data(), wanted, static_cast<off_t>(offset));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return unreadable();
    if (got == 0) return failure(Code::file_unreadable, "the file ends {} bytes too early", size);
    offset += static_cast<std::uint64_t>(got);
    size -= static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  };
}

Source source_of_fd(int fd) {
  return [fd](std::span<char> into) -> Result<std::size_t> {
    ssize_t got = 0;
    do {
      got = ::read(fd, into.data(), into.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) return unreadable();
    return static_cast<std::size_t>(got);
  };
}

Sink sink_to(std::string& text) {
  return [&text](std::string_view bytes) -> Result<> {
    text += bytes;
    return {};
  };
}

Sink sink_to_fd(int fd) {
  return [fd](std::string_view bytes) { return write_all(fd, bytes); };
}

Result<std::string> read_all(const Source& source, std::uint64_t limit) {
  std::string text;
  std::vector<char> buffer(buffer_size);
  while (true) {
    const std::size_t got = TRY(source(buffer));
    if (got == 0) return text;
    if (text.size() + got > limit) {
      return failure(Code::limit, "the content is larger than {} bytes", limit);
    }
    text.append(buffer.data(), got);
  }
}

Result<> copy(const Source& source, const Sink& sink) {
  std::vector<char> buffer(buffer_size);
  while (true) {
    const std::size_t got = TRY(source(buffer));
    if (got == 0) return {};
    TRY(sink({buffer.data(), got}));
  }
}

}  // namespace holdfast::archive
