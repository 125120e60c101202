// SPDX-License-Identifier: Apache-2.0
// The node's own files: written whole or not at all, folders made and removed. Paths are absolute and
// of our making; nothing from outside becomes one.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "base/files.h"
#include "base/handle.h"
#include "base/result.h"

namespace holdfast::node {

// The whole of a small file, /proc and /sys included. Refuses with file_missing, file_unreadable, limit.
Result<std::string> read_file(const std::string& path);

// replace_file(), but a file that has this content and mode already stays untouched.
Result<> write_file(const std::string& path, std::string_view content, mode_t mode);

// Writes into a file that exists, as /proc and /sys want it: one write, no rename.
Result<> write_into(const std::string& path, std::string_view content);

// With all parents; a folder that exists keeps its mode.
Result<> make_folder(const std::string& path, mode_t mode);

// Files and folders below and `path` itself; never crosses into another file system, so that a
// forgotten mount loses nothing. Absent is fine. Refuses with file_unwritable, naming what stays.
Result<> remove_tree(const std::string& path);

// Holds an exclusive lock on the file while the descriptor lives. Refuses with another_run.
Result<FileDescriptor> lock_file(const std::string& path);
bool is_locked(const std::string& path);

}  // namespace holdfast::node
