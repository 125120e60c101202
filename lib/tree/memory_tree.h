// SPDX-License-Identifier: Apache-2.0
// A FileTree from a map of paths: for tests, embedded templates and unpacked archives.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "tree/file_tree.h"

namespace holdfast::tree {

class MemoryTree final : public FileTree {
 public:
  using Files = std::map<std::string, std::string, std::less<>>;

  MemoryTree() = default;
  explicit MemoryTree(Files files) : files_(std::move(files)) {}

  void add(std::string path, std::string content) { files_[std::move(path)] = std::move(content); }
  [[nodiscard]] const Files& files() const { return files_; }

  [[nodiscard]] Result<std::optional<EntryKind>> kind(std::string_view path) const override;
  [[nodiscard]] Result<std::string> real_path(std::string_view path) const override;
  [[nodiscard]] Result<std::string> read(std::string_view path) const override;
  [[nodiscard]] Result<std::vector<Entry>> list(std::string_view path) const override;

 private:
  Files files_;  // cleaned paths
};

}  // namespace holdfast::tree
