// SPDX-License-Identifier: Apache-2.0
// Read-only files under one root: the only way renderers see the world. Implementations: a folder on
// disk, memory, an archive, a Git commit. Paths are relative, '/'-separated, cleaned ("" is the root),
// and cannot leave the tree; symbolic links are followed inside it and refused when they lead out.
// It does not know Git.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace holdfast::tree {

enum class EntryKind { file, directory };

struct Entry {
  std::string name;  // one path component
  EntryKind kind;

  bool operator==(const Entry&) const = default;
};

class FileTree {
 public:
  virtual ~FileTree() = default;

  // What is at `path` after following links; nothing when it is absent.
  // Refuses with Code::path_outside (a link leads out) or an I/O code.
  [[nodiscard]] virtual Result<std::optional<EntryKind>> kind(std::string_view path) const = 0;

  // `path` without links: where what is there really stands. Refuses with Code::path_missing or
  // Code::path_outside.
  [[nodiscard]] virtual Result<std::string> real_path(std::string_view path) const = 0;

  // The whole file. Refuses with Code::path_missing, Code::path_outside, Code::limit (larger than
  // the tree's limit for one file) or an I/O code.
  [[nodiscard]] virtual Result<std::string> read(std::string_view path) const = 0;

  // Entries of a directory, sorted by the bytes of their names. Links that lead nowhere are left out.
  [[nodiscard]] virtual Result<std::vector<Entry>> list(std::string_view path) const = 0;
};

// Is there a file (not a directory) at `path`?
Result<bool> is_file(const FileTree& tree, std::string_view path);

// The whole file as text. Refuses as read(), and with Code::source_unsupported what is only a pointer to Git LFS: taken
// for the text it would be an object, or values, of nothing.
Result<std::string> read_text(const FileTree& tree, std::string_view path);

// A view of `directory` as a root of its own. The underlying tree must outlive it.
std::unique_ptr<FileTree> subtree(const FileTree& tree, std::string_view directory);

// Every file below `directory`, depth first in the order of list(), as paths relative to it.
// Refuses with Code::limit above `files_max` files, or folders: links can make endlessly many of them.
Result<std::vector<std::string>> walk(const FileTree& tree, std::string_view directory,
                                      std::size_t files_max = 100'000);

}  // namespace holdfast::tree
