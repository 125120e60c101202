// SPDX-License-Identifier: Apache-2.0
// Inside this module: what a run of a script may still use. The VM counts its instructions; what C functions do in one
// of them is bounded by the size of a block, or counted here.
#pragma once

#include <cstddef>
#include <cstdint>

struct lua_State;

namespace holdfast::health {

struct Budget {
  std::size_t bytes = 0, bytes_max = 0, block_bytes_max = 0;
  std::int64_t instructions = 0;
  std::int64_t cpu_end = 0;  // of this thread, in nanoseconds
};

Budget& budget_of(lua_State* state);

// Raises what ends the script, now and at every instruction from here on.
[[noreturn]] void end_script(lua_State* state, const char* because);

}  // namespace holdfast::health
