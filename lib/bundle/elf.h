// SPDX-License-Identifier: Apache-2.0
// Which files a dynamic program needs to run: its loader and the closure of its shared libraries,
// found as the GNU loader finds them (glibc 2.36, elf/dl-load.c: DT_RPATH, DT_RUNPATH, the system's
// folders), by reading ELF headers; nothing is executed. 64-bit little-endian ELF only. It does not
// know images.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::bundle {

struct ElfInfo {
  std::string architecture;          // "amd64", "arm64"
  std::string interpreter;           // "" for a static program
  std::vector<std::string> needed;   // DT_NEEDED, in order
  std::vector<std::string> rpath;    // searched for the needs of libraries below as well
  std::vector<std::string> runpath;  // searched for the file's own needs
};

// Refuses with Code::bundle_definition what is no such ELF file.
Result<ElfInfo> read_elf(const std::string& path);

struct Library {
  std::string name;  // as programs ask for it: "libc.so.6"
  std::string path;  // where it lies on this machine

  bool operator==(const Library&) const = default;
};

struct ProgramClosure {
  std::string architecture;
  std::string interpreter;         // "" for a static program
  std::vector<Library> libraries;  // sorted by name
};

// Refuses with Code::bundle_definition, naming the library that is missing and who needs it.
Result<ProgramClosure> find_program_closure(const std::string& program);

}  // namespace holdfast::bundle
