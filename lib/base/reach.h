// SPDX-License-Identifier: Apache-2.0
// How far a question may go.
#pragma once

#include "base/result.h"

namespace holdfast {

enum class Reach {
  server,  // is asked for what is not here
  here,    // this machine alone: where the server would have to be asked, not_here()
};

inline std::unexpected<Error> not_here() { return failure(Code::answer_awaited, "it is not on this machine"); }

}  // namespace holdfast
