// SPDX-License-Identifier: Apache-2.0
// `holdfast e2e`: what a CI service would see of a repository that works and of one that does not.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

class Trial : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason;
    cluster = Cluster::shared(reason, Cluster::Bring::bundle_only);
    if (cluster == nullptr) GTEST_SKIP() << reason;
    if (content_of(cluster->repository() + "/holdfast.toml").empty()) {
      const auto init = cluster->holdfast({"repo", "init", cluster->repository(), "--cluster", "trial", "--sample", "hello"});
      ASSERT_EQ(init.exit, 0) << init.out << init.err;
      // As `holdfast up --node` writes it: in a folder of that machine.
      const auto values = std::string("cluster/trial/cfg/argo-cd/values.yaml");
      cluster->replace_in(values, "storage: memory", "storage: host");
      cluster->replace_in(values, "hostPath: \"\"", "hostPath: /nowhere/git");
      cluster->commit("git: in a folder of the machine");
    }
  }

  std::vector<std::string> command() {
    std::vector<std::string> command{program("holdfast"), "e2e", "--repo", cluster->repository(), "--cluster", "trial", "--bundle", cluster->path("core.hfb"),
                                     "--trust-dir", cluster->path("trust"), "--timeout", "30"};
    const auto where = cluster->place().trial_arguments();
    command.insert(command.end(), where.begin(), where.end());
    return command;
  }

  Ran try_it() { return run(command(), {.timeout = seconds(400), .folder = {}, .environment = {"LANG=C.UTF-8"}, .input = {}}); }

  Cluster* cluster = nullptr;
};

TEST_F(Trial, OfARepositoryThatWorksPassesWithACaseForEachApplication) {
  const auto ran = try_it();
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.starts_with("<?xml")) << ran.out;
  EXPECT_TRUE(ran.out.contains(R"(<testsuite name="trial" tests="4" failures="0")")) << ran.out;
  for (const auto* name : {"up", "root", "argo-cd", "hello"}) EXPECT_TRUE(ran.out.contains(fmt::format("name=\"{}\"", name))) << ran.out;
  fmt::print("{}{}", ran.err, ran.out);
}

TEST_F(Trial, OfARepositoryThatDoesNotNamesTheApplicationTheFileAndTheLine) {
  cluster->write_file("internal/hello/templates/broken.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: broken\n   indent: wrong\n");
  cluster->commit("hello: broken");
  // As a CI service checks a change out: on no branch, with a commit's files and nothing else.
  ASSERT_EQ(cluster->git({"checkout", "-q", "--detach"}).exit, 0);
  const auto ran = try_it();
  EXPECT_EQ(ran.exit, 1) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.contains(R"(failures="1")")) << ran.out;
  const auto hello = ran.out.substr(std::min(ran.out.find(R"(name="hello")"), ran.out.size()));
  EXPECT_TRUE(hello.contains("broken.yaml:5")) << ran.out << ran.err;
}

TEST_F(Trial, LeavesNoCluster) {
  EXPECT_EQ(cluster->place().trial_left("trial"), "");
}

TEST_F(Trial, StoppedInTheMiddleLeavesNoClusterEither) {
  for (const int signal : {SIGTERM, SIGINT}) {
    Background trial(command());
    ASSERT_TRUE(eventually(seconds(120), [&] { return !cluster->place().trial_left("trial").empty(); }));
    EXPECT_EQ(trial.end_with(signal, seconds(120)), 5);
    EXPECT_EQ(cluster->place().trial_left("trial"), "");
  }
}

}  // namespace
}  // namespace holdfast::e2e
