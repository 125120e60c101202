// SPDX-License-Identifier: Apache-2.0
#include "tree/file_tree.h"

#include "base/text.h"

namespace holdfast::tree {
namespace {

class Subtree final : public FileTree {
 public:
  Subtree(const FileTree& tree, std::string directory)
      : tree_(tree), directory_(std::move(directory)) {}

  Result<std::optional<EntryKind>> kind(std::string_view path) const override {
    const std::string full = TRY(within(path));
    return tree_.kind(full);
  }

  Result<std::string> real_path(std::string_view path) const override {
    const std::string full = TRY(within(path));
    const std::string real = TRY(tree_.real_path(full));
    const std::string root = TRY(tree_.real_path(directory_));
    if (root.empty() || real == root) return real.substr(root.size());
    if (real.starts_with(root + "/")) return real.substr(root.size() + 1);
    return failure(Code::path_outside, "the link \"{}\" leads out of its folder", printable(path));
  }

  Result<std::string> read(std::string_view path) const override {
    const std::string full = TRY(within(path));
    return tree_.read(full);
  }

  Result<std::vector<Entry>> list(std::string_view path) const override {
    const std::string full = TRY(within(path));
    return tree_.list(full);
  }

 private:
  Result<std::string> within(std::string_view path) const {
    const auto clean = join_inside("", path);
    if (!clean) return failure(Code::path_outside, "\"{}\" leaves its folder", printable(path));
    return join_inside(directory_, *clean).value();
  }

  const FileTree& tree_;
  std::string directory_;
};

}  // namespace

Result<bool> is_file(const FileTree& tree, std::string_view path) {
  const auto kind = TRY(tree.kind(path));
  return kind == EntryKind::file;
}

Result<std::string> read_text(const FileTree& tree, std::string_view path) {
  std::string text = TRY(tree.read(path));
  if (!text.starts_with("version https://git-lfs.github.com/spec/v1\n")) return text;
  return failure(Error(Code::source_unsupported, fmt::format("\"{}\" is kept in Git LFS, which is not read here", printable(path)))
                     .fix("keep the file in Git itself"));
}

std::unique_ptr<FileTree> subtree(const FileTree& tree, std::string_view directory) {
  return std::make_unique<Subtree>(tree, std::string(directory));
}

namespace {

struct Walk {
  const FileTree& tree;
  std::size_t files_max;
  std::size_t folders = 0;
  std::vector<std::string> files;

  Result<> into(const std::string& directory, const std::string& prefix) {
    constexpr std::size_t path_max = 4096;  // a link cycle grows the path, so this ends it
    if (directory.size() > path_max) {
      return failure(Code::limit, "a path under \"{}\" is longer than {} bytes", printable(directory, 80), path_max);
    }
    if (++folders > files_max) {
      return failure(Code::limit, "more than {} folders, the last is \"{}\"", files_max, printable(directory, 80));
    }
    const auto entries = TRY(tree.list(directory));
    for (const auto& entry : entries) {
      const std::string path = directory.empty() ? entry.name : directory + "/" + entry.name;
      const std::string relative = prefix.empty() ? entry.name : prefix + "/" + entry.name;
      if (entry.kind == EntryKind::directory) {
        TRY(into(path, relative));
        continue;
      }
      if (files.size() >= files_max) {
        return failure(Code::limit, "more than {} files under \"{}\"", files_max, printable(directory));
      }
      files.push_back(relative);
    }
    return {};
  }
};

}  // namespace

Result<std::vector<std::string>> walk(const FileTree& tree, std::string_view directory,
                                      std::size_t files_max) {
  Walk all{tree, files_max, 0, {}};
  TRY(all.into(std::string(directory), ""));
  return std::move(all.files);
}

}  // namespace holdfast::tree
