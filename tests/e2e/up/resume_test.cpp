// SPDX-License-Identifier: Apache-2.0
// kill -9 in each step of `up`, then the same command again. Every run gets one step further than the
// one before, so each step is both killed and gone through after a kill.
#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

TEST(Resume, AKillInAnyStepIsHealedByTheSameCommand) {
  std::string reason;
  Cluster* cluster = Cluster::shared(reason, Cluster::Bring::bundle_only);
  if (cluster == nullptr) GTEST_SKIP() << reason;

  // Verify and preflight change nothing, and so have no journal yet: kills that come later and later, until
  // one meets a run that has begun to write. How many fit in before depends on the machine.
  const auto begun = [&] { return std::filesystem::exists(cluster->path("state")); };
  int met = 0;
  for (int after_ms = 0; !begun() && after_ms < 1000; after_ms += 5) {
    Background early(cluster->up_command(), {.timeout = seconds(300), .folder = {}, .environment = {"LANG=C.UTF-8"}, .input = {}});
    ::poll(nullptr, 0, after_ms);
    early.kill_now();
    if (!begun()) ++met;
  }
  EXPECT_GT(met, 0) << "the first kill comes before the program's first line";

  ASSERT_NO_FATAL_FAILURE(cluster->kill_in_each_step());
  const auto last = cluster->up();
  ASSERT_EQ(last.exit, 0) << last.out << last.err;
  for (const auto* application : {"root", "argo-cd", "hello"}) EXPECT_EQ(cluster->state(application), "Synced/Healthy");
  EXPECT_TRUE(eventually(seconds(30), [&] { return cluster->ask("hello", "hello").contains("hello from demo"); }));
}

}  // namespace
}  // namespace holdfast::e2e
