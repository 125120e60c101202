// SPDX-License-Identifier: Apache-2.0
// Memory for a command that takes much of it and ends soon: in large pages, and not given back between
// two uses. Half of the time of rendering a large chart went into page faults of 4 KiB each.
#pragma once

namespace holdfast::bootstrap {

// Before the command's first large allocation; of no effect on what it computes.
void expect_large_heap();

}  // namespace holdfast::bootstrap
