// SPDX-License-Identifier: Apache-2.0
// A commit as a FileTree, straight from the object store: no work tree exists, so nothing in a
// repository is ever written to disk as a path. Links are followed inside the tree and refused when
// they lead out; a submodule is a directory that cannot be entered (it is reported, never fetched);
// names that could not be checked out safely (".git" in any disguise, "..", "a/b") refuse the
// directory that holds them. It does not know where the repository came from.
#pragma once

#include "base/clock.h"
#include "git/object_id.h"
#include "tree/file_tree.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::git {

struct TreeLimits {
  std::size_t file_bytes_max = std::size_t{100} << 20;
  std::size_t entries_max = 100'000;  // of one directory
};

struct CommitInfo {
  CommitId id;
  std::string author_name, author_email;
  WallTime author_time, committer_time;
  std::string message;  // as stored, cut at 64 KiB
  std::vector<CommitId> parents;
};

// Thread-safe. Keeps its own handles open, so it stays readable while the repository is fetched
// into.
class GitTree final : public tree::FileTree {
 public:
  // `repository` is the folder of a bare repository (or a .git folder).
  // Refuses with Code::git_revision (no such commit here) or Code::git_object.
  static Result<std::shared_ptr<const GitTree>> open(const std::string& repository,
                                                     const CommitId& commit,
                                                     const TreeLimits& limits = {});
  ~GitTree() override;

  [[nodiscard]] const CommitInfo& commit() const;
  // The id of the file or directory at `path` (links are not followed): equal ids, equal content.
  // Nothing when it is absent.
  [[nodiscard]] Result<std::optional<ObjectId>> id_of(std::string_view path) const;

  [[nodiscard]] Result<std::optional<tree::EntryKind>> kind(std::string_view path) const override;
  [[nodiscard]] Result<std::string> real_path(std::string_view path) const override;
  [[nodiscard]] Result<std::string> read(std::string_view path) const override;
  [[nodiscard]] Result<std::vector<tree::Entry>> list(std::string_view path) const override;

  struct State;

  class Private {
    friend class GitTree;
    Private() = default;
  };

  GitTree(Private, std::unique_ptr<State> state);  // open() is the only one that can call it

 private:
  friend Result<std::vector<std::string>> changed_paths(const GitTree& before, const GitTree& after,
                                                        std::size_t paths_max);

  std::unique_ptr<State> state_;
};

// Every path that differs between two trees of the same repository, sorted; a directory that exists
// on one side only is listed as its files. What `manifest-generate-paths` looks at.
// Refuses with Code::limit above `paths_max` paths or folders.
Result<std::vector<std::string>> changed_paths(const GitTree& before, const GitTree& after,
                                               std::size_t paths_max = 100'000);

}  // namespace holdfast::git
