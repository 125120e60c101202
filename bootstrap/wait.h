// SPDX-License-Identifier: Apache-2.0
// Waiting by asking: a question is asked again, five times a second, until it says that nothing is
// waited for. For the installer, whose waits are few and short; the agent never waits like this.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "console.h"

namespace holdfast::bootstrap {

// What is still waited for, named for a person; "" when nothing is.
using Question = std::function<Result<std::string>()>;

// A question's own refusal ends the wait unless its code's retry class is `soon`; that one is shown as
// the reason. Refuses with Code::timed_out, naming what was waited for, when the reason has not
// changed for `timeout`.
Result<> wait_for(Step& step, const Clock& clock, Duration timeout, const Question& question);

}  // namespace holdfast::bootstrap
