// SPDX-License-Identifier: Apache-2.0
// Program `holdfast-agent`.
#include <sys/signalfd.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

#include "agent/core_dumps.h"
#include "agent/run.h"
#include "agent/small_heap.h"
#include "version.h"

namespace {

using holdfast::agent::Asked;

// SIGTERM and SIGINT ask everything to end; blocked first, so that every thread inherits it.
sigset_t block_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

int finish(const holdfast::Result<>& result) {
  if (result) return 0;
  const auto text = holdfast::render_error(result.error(), "nothing was changed");
  std::fputs(text.c_str(), stderr);
  return static_cast<int>(holdfast::row_of(result.error().code()).exit);
}

}  // namespace

int main(int argc, char** argv) {
  auto parsed = holdfast::agent::parse_options(argc, argv);
  if (!parsed) return finish(holdfast::failure(std::move(parsed).error()));
  if (parsed->asked == Asked::help) return std::fputs(holdfast::agent::usage_text().data(), stdout) < 0;
  if (parsed->asked == Asked::version) return std::printf("holdfast-agent %s\n", holdfast::version.data()) < 0;
  holdfast::log::configure(parsed->options.log_level, parsed->options.log_format);
  holdfast::agent::forbid_core_dumps();
  const sigset_t set = block_signals();
  holdfast::agent::expect_small_heap();
  std::stop_source stop;
  std::jthread watcher([&](const std::stop_token& ended) {
    const timespec pause{0, 200'000'000};
    while (!ended.stop_requested()) {
      if (sigtimedwait(&set, nullptr, &pause) > 0) stop.request_stop();
    }
  });
  const auto result = holdfast::agent::run_agent(parsed->options, stop.get_token());
  watcher.request_stop();
  return finish(result);
}
