// SPDX-License-Identifier: Apache-2.0
// kill -9 in each step of `up`, then the same command again. Every run gets one step further than the
// one before, so each step is both killed and gone through after a kill.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

std::string read_whole(const std::string& path) {
  const std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return std::move(content).str();
}

TEST(Resume, AKillInAnyStepIsHealedByTheSameCommand) {
  std::string reason;
  Cluster* cluster = Cluster::shared(reason, Cluster::Bring::bundle_only);
  if (cluster == nullptr) GTEST_SKIP() << reason;
  const auto journal = cluster->path("state/install/demo.journal");
  auto command = cluster->up_arguments();
  command.insert(command.begin(), program("holdfast"));

  // Verify and preflight change nothing, and so have no journal yet: a kill 50 ms after the start meets them.
  Background first(command, {.timeout = seconds(300), .folder = {}, .environment = {"LANG=C.UTF-8"}, .input = {}});
  pause_briefly();
  first.kill_now();
  EXPECT_FALSE(std::filesystem::exists(cluster->path("state")));

  for (const std::string step : {"node", "images", "repository", "engine", "publish", "root", "applications"}) {
    const auto before = read_whole(journal).size();
    const auto begun = fmt::format("\"step\":\"{}\"", step);
    Background up(command, {.timeout = seconds(300), .folder = {}, .environment = {"LANG=C.UTF-8"}, .input = {}});
    ASSERT_TRUE(eventually(seconds(120), [&] { return read_whole(journal).substr(before).contains(begun); })) << step << read_whole(journal);
    up.kill_now();
    fmt::print("killed in step {}\n", step);
  }
  const auto last = cluster->up();
  ASSERT_EQ(last.exit, 0) << last.out << last.err;
  for (const auto* application : {"root", "argo-cd", "hello"}) EXPECT_EQ(cluster->state(application), "Synced/Healthy");
  EXPECT_TRUE(eventually(seconds(30), [&] { return cluster->ask("hello", "hello").contains("hello from demo"); }));
}

}  // namespace
}  // namespace holdfast::e2e
