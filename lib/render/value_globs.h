// SPDX-License-Identifier: Apache-2.0
// The files that a pattern of helm.valueFiles stands for, in the order in which they are merged: later ones win. It
// does not know values.
// Mirrors doublestar v4.10 as argo-cd 3.6 uses it: *, **, ?, [abc], {a,b}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "tree/file_tree.h"

namespace holdfast::render {

bool is_glob(std::string_view path);

// Folders come in the order of their names, and the files of a folder before those of the folders in it.
// Refuses with Code::limit above 100,000 folders, or what the tree says.
Result<std::vector<std::string>> glob_files(const tree::FileTree& tree, std::string_view pattern);

}  // namespace holdfast::render
