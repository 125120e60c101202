// SPDX-License-Identifier: Apache-2.0
// A folder that nobody else may read and that goes with the object.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace holdfast::bootstrap {

class ScratchFolder {
 public:
  // "<where this user's temporary files go>/<name>-<random>". Refuses with Code::file_unwritable.
  static Result<ScratchFolder> make(std::string_view name);
  static Result<ScratchFolder> make_in(std::string_view parent, std::string_view name);

  ScratchFolder(ScratchFolder&& other) noexcept;
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string path(std::string_view name) const;
  // It stays where it is.
  void keep() { kept_ = true; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;
  bool kept_ = false;
};

}  // namespace holdfast::bootstrap
