// SPDX-License-Identifier: Apache-2.0
// One commit's files as a repository of its own, every entry as it is: links, exec bits, submodules.
// It does not know what the files mean.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "git/object_id.h"
#include "git/repository.h"

namespace holdfast::git {

// Makes `folder` (absent) a repository with a work tree and one commit without parents on `branch`, whose
// directory is that of `commit` in `repository` (a .git folder). Objects are read from there and not copied:
// the copy lives as long as its source does.
// Refuses with Code::path_outside (a link that leads out of the tree, by its name), Code::limit,
// Code::git_object, Code::file_unwritable or Code::disk_full; what was written by then stays.
Result<CommitId> copy_commit(const std::string& repository, const CommitId& commit, const std::string& folder,
                             std::string_view branch, const CommitText& text);

}  // namespace holdfast::git
