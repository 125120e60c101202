// SPDX-License-Identifier: Apache-2.0
// A FileTree over a folder on disk. Every path is resolved by the kernel beneath the folder's own
// descriptor (openat2 RESOLVE_IN_ROOT is not used: a link that leads out is an error, not clipped).
#pragma once

#include <string>

#include "base/handle.h"
#include "tree/file_tree.h"

namespace holdfast::tree {

class DiskTree final : public FileTree {
 public:
  // Refuses with Code::file_missing or Code::file_unreadable.
  static Result<DiskTree> open(const std::string& folder);

  [[nodiscard]] Result<std::optional<EntryKind>> kind(std::string_view path) const override;
  [[nodiscard]] Result<std::string> real_path(std::string_view path) const override;
  [[nodiscard]] Result<std::string> read(std::string_view path) const override;
  [[nodiscard]] Result<std::vector<Entry>> list(std::string_view path) const override;

 private:
  DiskTree(std::string folder, FileDescriptor root)
      : folder_(std::move(folder)), root_(std::move(root)) {}

  // An invalid descriptor when nothing is there.
  [[nodiscard]] Result<FileDescriptor> open_beneath(std::string_view path) const;

  std::string folder_;
  FileDescriptor root_;
};

}  // namespace holdfast::tree
