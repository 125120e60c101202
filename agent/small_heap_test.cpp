// SPDX-License-Identifier: Apache-2.0
#include "agent/small_heap.h"

#include <gtest/gtest.h>

namespace holdfast::agent {
namespace {

TEST(FreeMemory, GoesBackOnceAfterWork) {
  FreeMemory memory;
  EXPECT_FALSE(memory.give_back());
  memory.note_work();
  memory.note_work();
  EXPECT_TRUE(memory.give_back());
  EXPECT_FALSE(memory.give_back());
}

}  // namespace
}  // namespace holdfast::agent
