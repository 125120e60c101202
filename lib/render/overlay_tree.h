// SPDX-License-Identifier: Apache-2.0
// A tree with the contents of some of its files replaced. It does not know why.
#pragma once

#include "tree/file_tree.h"

#include <functional>
#include <map>
#include <string>

namespace holdfast::render {

// The tree must outlive its overlay.
class OverlayTree final : public tree::FileTree {
 public:
  explicit OverlayTree(const tree::FileTree& below) : below_(below) {}

  // `path` is a file of the tree, cleaned.
  void replace(std::string path, std::string content) {
    files_[std::move(path)] = std::move(content);
  }

  [[nodiscard]] Result<std::optional<tree::EntryKind>> kind(std::string_view path) const override {
    return below_.kind(path);
  }

  [[nodiscard]] Result<std::string> real_path(std::string_view path) const override {
    return below_.real_path(path);
  }

  [[nodiscard]] Result<std::string> read(std::string_view path) const override {
    const auto found = files_.find(path);
    if (found != files_.end()) return found->second;
    return below_.read(path);
  }

  [[nodiscard]] Result<std::vector<tree::Entry>> list(std::string_view path) const override {
    return below_.list(path);
  }

 private:
  const tree::FileTree& below_;
  std::map<std::string, std::string, std::less<>> files_;
};

}  // namespace holdfast::render
