// SPDX-License-Identifier: Apache-2.0
// Functions of shared libraries that this program opens at their first call: what the file that
// cmake/on_demand.cmake generates and on_demand.cpp share. Most commands use none of them, and
// opening all of them costs several times what rendering a small kustomization does.
#pragma once

#include <atomic>
#include <span>

namespace holdfast::bootstrap {

struct OnDemandFunction {
  const char* library;  // its soname
  const char* name;
};

// In the order of the slots.
std::span<const OnDemandFunction> on_demand_functions();

}  // namespace holdfast::bootstrap

// Where the function of that index is, or what opens its library. Lock-free and 8 bytes each, for
// the assembly that jumps through them.
extern "C" std::atomic<void*> holdfast_on_demand_slots[];
