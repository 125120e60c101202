// SPDX-License-Identifier: Apache-2.0
// The bytes of commits, trees and tags, read by ourselves: hostile objects are refused here, once,
// for rendering, fetching and pushing. Pure. It does not know where objects are stored.
#pragma once

#include "base/result.h"
#include "git/git_tree.h"
#include "git/object_id.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::git {

enum class EntryMode { file, executable, link, directory, submodule };

struct TreeEntry {
  std::string name;
  EntryMode mode;
  ObjectId id;
};

// Entries sorted by the bytes of their names. Refuses with Code::git_object: a damaged object, an
// unknown mode, names out of order or twice, and names that a checkout could not write safely
// ("", ".", "..", "a/b", ".git" in any spelling that some file system takes for it).
// Code::limit above `entries_max`.
Result<std::vector<TreeEntry>> parse_tree(std::string_view content, std::size_t entries_max);

// Is `name` one that some file system writes into .git? ".GIT", "git~1", ".git ", ".g\u200cit"
bool means_dot_git(std::string_view name);

struct ParsedCommit {
  ObjectId tree;
  CommitInfo info;  // but for the id
};

Result<ParsedCommit> parse_commit(std::string_view content);

// What an annotated tag points at.
Result<ObjectId> parse_tag_target(std::string_view content);

}  // namespace holdfast::git
