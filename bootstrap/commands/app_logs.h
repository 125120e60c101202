// SPDX-License-Identifier: Apache-2.0
// Which lines of a log `app logs` shows. Pure.
// Mirrors argoproj/argo-cd 3.6 server/application/application.go: PodLogs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace holdfast::bootstrap {

struct LineFilter {
  std::string text;         // lower case unless the case matters; empty: every line
  bool without = false;     // lines that do not have it
  bool match_case = false;
  std::optional<WallTime> until;  // then lines begin with their time
};

struct LogLine {
  std::string_view text;  // without its time; empty: not shown
  bool over = false;      // it is later than what was asked for, as all behind it
};

LogLine shown_line(const LineFilter& filter, std::string_view line);

}  // namespace holdfast::bootstrap
