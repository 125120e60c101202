// SPDX-License-Identifier: Apache-2.0
// What SIGINT, SIGTERM and SIGHUP do to long work, of a kind that can be killed anywhere. A signal that is
// ignored (nohup) stays so for work that may be left as it is.
#pragma once

#include <signal.h>

#include <functional>
#include <thread>

#include "base/handle.h"
#include "base/result.h"
#include "console.h"

namespace holdfast::bootstrap {

struct Attended {
  int exit = -1;  // what the work returned; 128 + signal when a signal ended it
  int asked = 0;  // the signal that asked us to stop: the work was ended in the middle; 0: none did
};

// Work that must not be left lying about: it runs in a process of its own, and whatever ends that process,
// a signal to us or its own crash, we are there afterwards to take away what it made. The signals end its
// process group at once, without a word. From here on they end neither us nor, from a terminal, what we start
// to clean up. Call it while there is one thread. Refuses with Code::internal when no process can be made.
Result<Attended> attend(const std::function<int()>& work);

// Work that the same command goes on with: while this lives, the first of the signals ends the program at once,
// wherever it is, with Code::stopped and what the console knows of the changes in place of silence. Children
// that node::run() started end with it. Make it while there is one thread.
class TellsWhenStopped {
 public:
  explicit TellsWhenStopped(Console& console);
  ~TellsWhenStopped();
  TellsWhenStopped(const TellsWhenStopped&) = delete;
  TellsWhenStopped& operator=(const TellsWhenStopped&) = delete;

 private:
  void listen(Console& console) const;

  sigset_t before_{};
  FileDescriptor signals_, ended_;
  std::jthread listener_;
};

}  // namespace holdfast::bootstrap
