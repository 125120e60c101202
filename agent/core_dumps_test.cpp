// SPDX-License-Identifier: Apache-2.0
#include "agent/core_dumps.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace holdfast::agent {
namespace {

TEST(CoreDumps, AreForbidden) {
  ASSERT_EQ(::prctl(PR_GET_DUMPABLE), 1);
  // In a process of its own: leak checkers trace theirs, which is forbidden as well.
  const pid_t child = ::fork();
  if (child == 0) {
    forbid_core_dumps();
    ::_exit(::prctl(PR_GET_DUMPABLE));
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace holdfast::agent
