// SPDX-License-Identifier: Apache-2.0
// Files and folders of the machine that makes a bundle, as they go into it: regular files only, in
// the order of their names. Refusals name the path.
#pragma once

#include "base/handle.h"
#include "base/result.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace holdfast::bundle {

struct InputFile {
  FileDescriptor file;
  std::uint64_t size = 0;
  unsigned mode = 0644;  // 0755 where the owner may run it
};

// Follows links. Refuses with Code::file_missing or Code::file_unreadable.
Result<InputFile> open_input(const std::string& path);

struct InputPath {
  std::string path;  // relative to the folder
  std::string from;  // on this machine
};

// All files below `folder`, sorted by path; names that begin with a dot are left out, and so are `without` in the folder
// itself; links that lead to files are followed, other links refused. Refuses with Code::limit above 100,000 files.
Result<std::vector<InputPath>> list_inputs(const std::string& folder, const std::set<std::string>& without = {});

}  // namespace holdfast::bundle
