// SPDX-License-Identifier: Apache-2.0
// A folder of a test's own, which goes away with it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace holdfast {

class TemporaryFolder {
 public:
  // /tmp/hf-PURPOSE-XXXXXX, wherever TMPDIR leads: a node's sockets lie below one, and their paths are limited to
  // 108 bytes.
  explicit TemporaryFolder(std::string_view purpose);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string path(std::string_view below = "") const;
  [[nodiscard]] std::filesystem::path operator/(const std::filesystem::path& below) const { return path_ / below; }

 private:
  std::filesystem::path path_;
};

}  // namespace holdfast
