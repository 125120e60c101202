// SPDX-License-Identifier: Apache-2.0
// Deterministic tar: ustar members owned by 0:0 with time 0, in the order they are added, so that
// the same calls give the same bytes. Paths that ustar cannot hold get a pax record.
// It does not know what the members are for.
#pragma once

#include "archive/stream.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::archive {

inline constexpr std::size_t tar_block = 512;

// Zero bytes that follow `size` bytes of content up to the next block.
constexpr std::size_t tar_padding(std::uint64_t size) {
  return static_cast<std::size_t>((tar_block - size % tar_block) % tar_block);
}

struct TarHeader {
  std::string name;  // at most 100 bytes
  char type = '0';   // '0' file, '5' folder, '2' link, 'x' pax records of the next member
  unsigned mode = 0644;
  std::uint64_t size = 0;  // below 8 GiB, what eleven octal digits hold
  std::string link = {};

  // 512 bytes: POSIX ustar, uid, gid and mtime 0, no user and group names.
  [[nodiscard]] std::string bytes() const;
};

inline constexpr std::uint64_t tar_size_limit = (std::uint64_t{1} << 33) - 1;

class TarWriter {
 public:
  explicit TarWriter(Sink sink) : sink_(std::move(sink)) {}

  Result<> folder(const std::string& path, unsigned mode = 0755);
  Result<> file(const std::string& path, std::string_view content, unsigned mode = 0644);

  // `source` must give exactly `size` bytes.
  struct Content {
    const Source& source;
    std::uint64_t size;
  };

  Result<> file(const std::string& path, const Content& content, unsigned mode = 0644);
  Result<> link(const std::string& path, const std::string& target);
  // The two zero blocks that end an archive.
  Result<> finish();

 private:
  Result<> header(const std::string& path, TarHeader header);

  Sink sink_;
};

}  // namespace holdfast::archive
