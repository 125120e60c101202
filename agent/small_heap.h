// SPDX-License-Identifier: Apache-2.0
// Memory for a process that lives for long and holds little: what lists and renders have left free goes back
// to the system. glibc gives many threads a heap of their own, and each keeps what its threads needed at most.
#pragma once

#include <atomic>

namespace holdfast::agent {

// Before the first thread; of no effect on what is computed.
void expect_small_heap();

// Thread-safe.
class FreeMemory {
 public:
  void note_work() { worked_ = true; }
  // Some milliseconds, where there was work since the last time; whether there was.
  bool give_back();

 private:
  std::atomic<bool> worked_ = false;
};

}  // namespace holdfast::agent
