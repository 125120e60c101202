// SPDX-License-Identifier: Apache-2.0
// Reads tar, plain or in gzip or zstd, as a stream, from a hostile hand: only files and folders,
// paths that stay inside, everything counted against limits before it is kept. Nothing is written
// to disk. It does not know what the members are for.
#pragma once

#include "archive/stream.h"
#include "tree/memory_tree.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::archive {

// Links and devices: an archive of ours has none; archives of other tools may, and lose them.
enum class Others { refuse, skip };

struct Limits {
  std::uint64_t entries = 100'000;
  std::uint64_t bytes = std::uint64_t{256} << 20;  // of all files, expanded
  std::uint64_t path_bytes = 512;
  int depth = 32;  // folders in a path
  Others others = Others::refuse;
};

enum class EntryKind { file, folder };

struct Entry {
  std::string path;  // cleaned, relative
  EntryKind kind;
  std::uint64_t size;
  unsigned mode;  // permission bits
};

// Called once per member, in the archive's order; `content` gives the file's bytes and may be left
// unread.
using Visitor = std::function<Result<>(const Entry& entry, const Source& content)>;

// Refuses with Code::limit, Code::path_outside, Code::file_unreadable (no tar, cut short) or what
// the visitor refuses with.
Result<> read_tar(const Source& source, const Limits& limits, const Visitor& visit);

// All files of the archive. A path that occurs twice, or is both file and folder, is refused.
Result<tree::MemoryTree> read_tree(std::string_view bytes, const Limits& limits = {});

}  // namespace holdfast::archive
