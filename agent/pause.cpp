// SPDX-License-Identifier: Apache-2.0
#include "agent/pause.h"

#include <condition_variable>
#include <mutex>

namespace holdfast::agent {

void pause(Duration duration, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, duration, [] { return false; });
}

}  // namespace holdfast::agent
