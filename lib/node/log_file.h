// SPDX-License-Identifier: Apache-2.0
// A component's log, bounded: at `limit` bytes the file becomes <path>.1 (replacing the one before).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/handle.h"
#include "base/result.h"

namespace holdfast::node {

inline constexpr std::uint64_t log_limit = std::uint64_t{8} << 20;

class LogFile {
 public:
  static Result<LogFile> open(std::string path, std::uint64_t limit = log_limit);

  // What cannot be written (a full disk) is dropped: a component must not stop for its log.
  void append(std::string_view text);

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  LogFile(std::string path, FileDescriptor file, std::uint64_t size, std::uint64_t limit)
      : path_(std::move(path)), file_(std::move(file)), size_(size), limit_(limit) {}

  std::string path_;
  FileDescriptor file_;
  std::uint64_t size_;
  std::uint64_t limit_;
};

}  // namespace holdfast::node
