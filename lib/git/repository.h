// SPDX-License-Identifier: Apache-2.0
// Bare repositories on this machine, read and written without a work tree. Every write leaves the
// state before or after when it is cut off. It does not know what the files mean.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "git/object_id.h"
#include "git/revision.h"
#include "tree/file_tree.h"

#include <string>
#include <string_view>
#include <vector>

struct git_odb;
struct git_repository;

namespace holdfast::git {

struct CommitText {
  std::string author_name, author_email;
  WallTime time;
  std::string message;
};

// An empty bare repository whose HEAD is `branch` ("main"). Nothing happens when there is one.
// Refuses with Code::file_unwritable.
Result<> create_bare(const std::string& folder, std::string_view branch);

// HEAD first, then every ref sorted by name; HEAD is left out while its branch is unborn.
Result<std::vector<Ref>> read_refs(const std::string& repository);

// Commits the whole of `files` onto `branch`; its parent is the branch's commit. Returns that one
// when the files are equal to it.
Result<CommitId> commit_files(const std::string& repository, std::string_view branch,
                              const tree::FileTree& files, const CommitText& text);

// Inside this module: the pieces of a commit.
// Writes `files` over the directory `base` (zero: none) and returns the new directory's id.
Result<ObjectId> write_files(git_odb& objects, const ObjectId& base, const tree::FileTree& files);
Result<CommitId> write_commit(git_odb& objects, const ObjectId& tree,
                              const std::vector<CommitId>& parents, const CommitText& text);
// Moves a ref only if it is at `before` (zero: absent). Refuses with Code::git_not_fast_forward
// when it is elsewhere by now.
Result<> move_ref(git_repository& repository, const std::string& name, const ObjectId& before,
                  const ObjectId& after);

}  // namespace holdfast::git
