// SPDX-License-Identifier: Apache-2.0
#include "agent/core_dumps.h"

#include <sys/prctl.h>

#include "base/result.h"

namespace holdfast::agent {

// A limit of 0 on their size would not hold where core_pattern names a program.
void forbid_core_dumps() { CHECK(::prctl(PR_SET_DUMPABLE, 0) == 0); }

}  // namespace holdfast::agent
