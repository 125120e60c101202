// SPDX-License-Identifier: Apache-2.0
#include "agent/small_heap.h"

#include <malloc.h>

namespace holdfast::agent {
namespace {

// For all the threads, most of which wait: with glibc's own limit the first lists of 500 Applications left 13 MiB more.
constexpr int heaps_max = 2;

}  // namespace

void expect_small_heap() { ::mallopt(M_ARENA_MAX, heaps_max); }

bool FreeMemory::give_back() {
  if (!worked_.exchange(false)) return false;
  ::malloc_trim(0);
  return true;
}

}  // namespace holdfast::agent
