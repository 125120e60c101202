// SPDX-License-Identifier: Apache-2.0
// A user's repository with its work tree: made, added to, looked at. Stock git finds nothing to
// complain of afterwards. It does not know what the files mean.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "git/object_id.h"
#include "git/repository.h"
#include "tree/file_tree.h"

namespace holdfast::git {

// Makes `folder` (absent or empty) a repository with one commit on `branch`. Everything is written
// beside it and renamed at the end, so a crash leaves nothing under that name.
// Refuses with Code::repo_layout when something is there, Code::file_unwritable or Code::disk_full.
Result<CommitId> create_working(const std::string& folder, std::string_view branch,
                                const tree::FileTree& files, const CommitText& text);

// Commits `files` over what HEAD holds, without the files `removed` (from the repository's root), and
// writes them into the work tree. Other changes of the user stay as they are and are not committed.
// Refuses with Code::repo_layout when HEAD is on no branch.
Result<CommitId> commit_working(const std::string& folder, const tree::FileTree& files,
                                const CommitText& text,
                                const std::vector<std::string>& removed = {});

struct WorkingState {
  std::string root;                      // of the work tree
  std::string repository;                // the .git folder
  std::string branch;                    // "main"; "" when HEAD is detached
  std::optional<CommitId> head;          // nothing while the branch is unborn
  std::vector<std::string> uncommitted;  // changed, added, removed or untracked paths, at most 100
};

// The repository that `path` is in. Refuses with Code::repo_layout.
Result<WorkingState> inspect_working(const std::string& path);

}  // namespace holdfast::git
