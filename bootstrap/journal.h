// SPDX-License-Identifier: Apache-2.0
// What an installation has done, on disk before and after each step: one JSON object a line, appended
// and synced. A step is check → act → verify against the world itself, so the journal is the record a
// person and the next run read, never the proof that a step may be skipped. One process at a time
// holds it.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/handle.h"
#include "base/result.h"

namespace holdfast::bootstrap {

class Journal {
 public:
  // Makes the folder (0700) when absent. Refuses with Code::another_run (naming the process id),
  // file_unwritable or disk_full.
  static Result<Journal> open(const std::string& path, const Clock& clock);

  // `input` is a digest or name of what the step works on.
  Result<> begin(std::string_view step, std::string_view input);
  Result<> end(std::string_view step, std::string_view result);

  // The step that an earlier run had begun and not ended; "" when it ended in order.
  [[nodiscard]] const std::string& interrupted() const { return interrupted_; }

 private:
  Journal(std::string path, FileDescriptor file, std::string interrupted, const Clock& clock)
      : path_(std::move(path)), file_(std::move(file)), interrupted_(std::move(interrupted)), clock_(&clock) {}

  Result<> append(std::string_view step, std::string_view event, std::string_view text);

  std::string path_;
  FileDescriptor file_;
  std::string interrupted_;
  const Clock* clock_;
};

}  // namespace holdfast::bootstrap
