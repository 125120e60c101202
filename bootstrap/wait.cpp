// SPDX-License-Identifier: Apache-2.0
#include "wait.h"

#include <poll.h>

namespace holdfast::bootstrap {
namespace {

constexpr int ask_every_ms = 200;

}  // namespace

Result<> wait_for(Step& step, const Clock& clock, Duration timeout, const Question& question) {
  std::string reason;
  auto changed = clock.steady();
  while (true) {
    auto answer = question();
    if (!answer && row_of(answer.error().code()).retry != Retry::soon) return failure(std::move(answer).error());
    std::string now = answer ? *std::move(answer) : answer.error().message();
    if (now.empty()) return {};
    if (now != reason) {
      reason = std::move(now);
      changed = clock.steady();
    }
    step.waiting(reason);
    if (clock.steady() - changed > timeout) {
      return failure(Error(Code::timed_out, fmt::format("nothing changed for {}", format_duration(timeout)))
                         .at(fmt::format("waiting for {}", reason)));
    }
    ::poll(nullptr, 0, ask_every_ms);
  }
}

}  // namespace holdfast::bootstrap
