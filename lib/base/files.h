// SPDX-License-Identifier: Apache-2.0
// The system's refusals as Errors, and files that are complete under their name or not there.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/result.h"

namespace holdfast {

// errno with the system's words: disk_full, file_missing (in place of file_unreadable) or `otherwise`.
Error system_failure(Code otherwise, std::string what);

// All of `bytes` at the descriptor's position. Refuses with disk_full or file_unwritable.
Result<> write_all(int fd, std::string_view bytes);

// Written beside `path` as "<path>.new", synced and renamed; a refusal leaves the old file and nothing
// beside it. Refuses with disk_full or file_unwritable, naming `path`.
Result<> replace_file(const std::string& path, std::string_view content, mode_t mode);

}  // namespace holdfast
