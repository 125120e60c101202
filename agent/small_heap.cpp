// SPDX-License-Identifier: Apache-2.0
#include "agent/small_heap.h"

#include <malloc.h>

namespace holdfast::agent {
namespace {

// For all the threads, most of which wait: with glibc's own limit the first lists of 500 Applications left 13 MiB more.
constexpr int heaps_max = 2;

// What is larger is a list's text or a pack: mapped by itself, it goes back whole. Left alone, glibc takes larger
// and larger pieces for ones that come again, and small ones that stay settle between them.
constexpr int mapped_bytes_min = 128 << 10;

}  // namespace

void expect_small_heap() {
  ::mallopt(M_ARENA_MAX, heaps_max);
  ::mallopt(M_MMAP_THRESHOLD, mapped_bytes_min);
}

bool FreeMemory::give_back() {
  if (!worked_.exchange(false)) return false;
  ::malloc_trim(0);
  return true;
}

}  // namespace holdfast::agent
