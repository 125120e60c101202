// SPDX-License-Identifier: Apache-2.0
// Whether a body that arrives is worth waiting for: a peer that trickles holds its caller as a silent
// one does, only longer. Pure; it does not know what arrives.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <cstddef>

namespace holdfast::http {

class Pace {
 public:
  // The first window begins now.
  Pace(const Clock& clock, Duration window, std::size_t bytes_per_second_min);

  // That `bytes` arrived. Refuses with Code::timed_out when a whole window has brought too few.
  Result<> note(std::size_t bytes);

 private:
  const Clock& clock_;
  Duration window_;
  std::size_t bytes_min_;  // of a window
  SteadyTime begun_;
  std::size_t bytes_ = 0;
};

}  // namespace holdfast::http
