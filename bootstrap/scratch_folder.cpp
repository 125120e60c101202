// SPDX-License-Identifier: Apache-2.0
#include "scratch_folder.h"

#include <stdlib.h>

#include <filesystem>
#include <utility>

#include "base/files.h"

namespace holdfast::bootstrap {

Result<ScratchFolder> ScratchFolder::make(std::string_view name) {
  std::error_code bad;
  const auto parent = std::filesystem::temp_directory_path(bad);
  return make_in(bad ? "/tmp" : parent.string(), name);
}

Result<ScratchFolder> ScratchFolder::make_in(std::string_view parent, std::string_view name) {
  std::string path = fmt::format("{}/{}-XXXXXX", parent, name);
  if (::mkdtemp(path.data()) == nullptr) {
    return failure(system_failure(Code::file_unwritable, "no folder can be made for temporary files").at(std::move(path)));
  }
  return ScratchFolder(std::move(path));
}

ScratchFolder::ScratchFolder(ScratchFolder&& other) noexcept
    : path_(std::exchange(other.path_, {})), kept_(std::exchange(other.kept_, true)) {}

ScratchFolder::~ScratchFolder() {
  std::error_code ignored;
  if (!kept_) std::filesystem::remove_all(path_, ignored);
}

std::string ScratchFolder::path(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

}  // namespace holdfast::bootstrap
