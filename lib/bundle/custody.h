// SPDX-License-Identifier: Apache-2.0
// A file that nobody changes between the check and the use (CVE-2020-25860's class): opened once,
// its owner and mode looked at, and leased from the kernel; where that cannot be had, a private
// copy without a name is made and only the copy is used. It does not know what is inside.
#pragma once

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"

#include <cstdint>
#include <string>

namespace holdfast::bundle {

enum class Custody { leased, copied };

// Which file a descriptor leads to, and when it last changed in any way.
struct FileIdentity {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  WallTime changed;
};

struct HeldFile {
  FileDescriptor file;
  std::uint64_t size = 0;
  FileIdentity original;  // of the file at the path, also where a copy is held
  Custody custody = Custody::leased;

  // Has nobody asked to write since? Always so for a copy.
  [[nodiscard]] bool is_still_ours() const;
};

// `copy_folder` is where a copy would lie (it needs the file's size there, or a reflink).
// Refuses with Code::file_missing, Code::file_unreadable, Code::disk_full.
Result<HeldFile> hold_file(const std::string& path, const std::string& copy_folder);

}  // namespace holdfast::bundle
