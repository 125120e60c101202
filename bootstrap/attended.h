// SPDX-License-Identifier: Apache-2.0
// Work that must not be left lying about: it runs in a process of its own, and whatever ends that process,
// a signal to us or its own crash, we are there afterwards to take away what it made.
#pragma once

#include <functional>

#include "base/result.h"

namespace holdfast::bootstrap {

struct Attended {
  int exit = -1;  // what the work returned; 128 + signal when a signal ended it
  int asked = 0;  // the signal that asked us to stop: the work was ended in the middle; 0: none did
};

// SIGINT, SIGTERM and SIGHUP end the work's process group at once, without a word: the work must be of a kind
// that can be killed anywhere. From here on they end neither us nor, from a terminal, what we start to clean
// up. Call it while there is one thread. Refuses with Code::internal when no process can be made.
Result<Attended> attend(const std::function<int()>& work);

}  // namespace holdfast::bootstrap
