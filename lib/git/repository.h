// SPDX-License-Identifier: Apache-2.0
// Writing repositories: the built-in Git's bare one, and the user's with a work tree. Everything is
// written so that a crash leaves the state before or after, and stock git finds nothing to complain of.
// It does not know what the files mean.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "git/object_id.h"
#include "git/revision.h"
#include "tree/file_tree.h"

namespace holdfast::git {

struct CommitText {
  std::string author_name, author_email;
  WallTime time;
  std::string message;
};

// An empty bare repository whose HEAD is `branch` ("main"). Nothing happens when one is there already.
Result<> create_bare(const std::string& folder, std::string_view branch);

// Every ref of a repository on this machine with HEAD first, sorted by name; HEAD is left out while its
// branch is unborn.
Result<std::vector<Ref>> read_refs(const std::string& repository);

// Commits the whole `files` onto `branch` of a bare repository; its parent is the branch's commit. Returns that one
// when the files are equal to it.
Result<CommitId> commit_files(const std::string& repository, std::string_view branch,
                              const tree::FileTree& files, const CommitText& text);

// Makes `folder` (absent or empty) a repository with one commit on `branch`: the files on disk, and a .git that
// stock git calls clean. Refuses with Code::repo_layout when there is something already.
Result<CommitId> create_working(const std::string& folder, std::string_view branch,
                                const tree::FileTree& files, const CommitText& text);

// Writes `files` over the work tree of `folder` and commits them with everything that was committed before
// (repo add-app, add-cluster). Other changes of the user are left as they are and not committed.
Result<CommitId> commit_working(const std::string& folder, const tree::FileTree& files,
                                const CommitText& text);

// A user's repository as `repo push` finds it.
struct WorkingState {
  std::string root;        // the work tree
  std::string repository;  // the .git folder
  std::string branch;      // "main"; "" when HEAD is detached
  std::optional<CommitId> head;            // nothing while the branch is unborn
  std::vector<std::string> uncommitted;    // changed, added, removed or untracked paths, at most 100
};

// Looks upwards from `path` for a repository. Refuses with Code::repo_layout.
Result<WorkingState> inspect_working(const std::string& path);

}  // namespace holdfast::git
