// SPDX-License-Identifier: Apache-2.0
// The main job where no containers run: the same path, pods played by kwok, the agent a process of this
// machine. Root runs it without CAP_SYS_ADMIN, anybody else as they are.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "../up/cluster.h"
#include "value/json.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

constexpr auto applications = {"root", "argo-cd", "hello"};
const std::string overlay = "cluster/demo/overlay/hello/values.yaml";

class Simulated : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason;
    cluster = Cluster::shared(reason, Cluster::Bring::simulated);
    if (cluster == nullptr) GTEST_SKIP() << reason;
  }

  void expect_healthy() {
    for (const auto* application : applications) EXPECT_EQ(cluster->state(application), "Synced/Healthy") << application;
  }

  std::string message() { return std::string(cluster->get("configmap", "hello", "hello").text({"data", "message"})); }

  Ran node_status(const std::vector<std::string>& more = {}) {
    std::vector<std::string> arguments{"node", "status", "--state-dir", cluster->path("state")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return cluster->holdfast(arguments);
  }

  // The agent's process, as `node status` shows it; 0 while it is not ready.
  int agent() {
    const auto status = json::parse(node_status({"-o", "json"}).out, "status").value_or(Value());
    const Value* components = status.find("components");
    if (components == nullptr || !components->is_array()) return 0;
    for (const auto& each : *components->as_array()) {
      const auto* pid = each.find("pid");
      const bool runs = each.text({"name"}) == "holdfast-agent" && each.text({"state"}) == "running";
      if (runs && pid != nullptr && pid->as_int() != nullptr) return static_cast<int>(*pid->as_int());
    }
    return 0;
  }

  Cluster* cluster = nullptr;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST_F(Simulated, EndsWithEveryApplicationSyncedAndHealthy) {
  ASSERT_EQ(cluster->first_up().exit, 0) << cluster->first_up().err;
  expect_healthy();
}

TEST_F(Simulated, SaysSoInEveryOutput) {
  for (const auto& line : lines_of(cluster->first_up().out)) {
    const bool step = line.contains("✓") && !line.contains("Verify");
    EXPECT_TRUE(!step || line.contains(", simulated")) << line;
  }
  EXPECT_TRUE(cluster->first_up().out.contains("Its pods are simulated")) << cluster->first_up().out;

  const auto again = cluster->up({"-o", "json"});
  EXPECT_EQ(again.exit, 0) << again.out << again.err;
  for (const auto& line : lines_of(again.out)) {
    EXPECT_TRUE(line.contains("\"step\":\"Verify\"") || line.contains("simulated")) << line;
  }
  const auto journal = content_of(cluster->path("state/install/demo.journal"));
  for (const auto& line : lines_of(journal)) {
    const bool end = line.contains("\"event\":\"end\"") && !line.contains("\"step\":\"verify\"");
    EXPECT_TRUE(!end || line.contains(", simulated")) << line;
  }
  for (const auto& record : std::filesystem::directory_iterator(cluster->path("state/install/verified"))) {
    const auto text = content_of(record.path());
    for (const auto* what : {"\"signedBy\"", "\"verifiedAt\"", "\"fingerprint\": \"sha256:", "\"inode\""}) EXPECT_TRUE(text.contains(what)) << text;
  }
  EXPECT_TRUE(node_status().out.contains("simulated"));
  EXPECT_TRUE(node_status({"-o", "json"}).out.contains("\"simulated\":true"));
  EXPECT_TRUE(cluster->push().out.contains("simulated"));
  for (const auto* format : {"", "-ojson", "-oyaml", "-oname"}) {
    std::vector<std::string> list{"app", "list"};
    if (*format != '\0') list.emplace_back(format);
    const auto listed = cluster->holdfast(list);
    EXPECT_TRUE(listed.err.contains("simulated: pods of this cluster")) << format << listed.err;
    EXPECT_TRUE(listed.out.contains("hello") && !listed.out.contains("simulated")) << format << listed.out;
  }
  EXPECT_TRUE(cluster->holdfast({"repo", "push", "--repo", cluster->repository(), "-o", "json"}).out.contains("\"simulated\":true"));
}

TEST_F(Simulated, APushedChangeGoesLive) {
  cluster->replace_in(overlay, "hello from demo", "changed in Git");
  cluster->publish("hello: another message");
  measure("push to live (simulated)", seconds(30), [&] { return message() == "changed in Git"; });
}

TEST_F(Simulated, TheStockGitClientReadsTheBuiltInGit) {
  const auto port = std::string(cluster->get("configmap", "holdfast-simulated").text({"data", "port"}));
  const auto url = fmt::format("http://127.0.0.1:{}/fleet.git", port);
  const auto clone = run({"git", "clone", "-q", url, cluster->path("clone")});
  ASSERT_EQ(clone.exit, 0) << clone.err;
  EXPECT_EQ(run({"git", "-C", cluster->path("clone"), "rev-parse", "HEAD"}).out, cluster->git({"rev-parse", "HEAD"}).out);
  EXPECT_NE(run({"git", "-C", cluster->path("clone"), "push", "-q", url, "HEAD:refs/heads/other"}).exit, 0);
  // What else is published comes the same way, as the refused push says.
  ASSERT_EQ(run({"git", "-C", cluster->path("clone"), "-c", "user.name=x", "-c", "user.email=x@localhost", "commit", "-q", "--amend", "-m", "other"}).exit, 0);
  const auto refused = cluster->holdfast({"repo", "push", "--repo", cluster->path("clone")});
  EXPECT_EQ(refused.exit, 6);
  EXPECT_TRUE(refused.err.contains(fmt::format("  fix:     git pull --rebase {} main, then push again\n", url))) << refused.err;
}

TEST_F(Simulated, ACommandReadsTheBuiltInGit) {
  const auto diff = cluster->holdfast({"app", "diff", "hello"});
  EXPECT_EQ(diff.exit, 0) << diff.out << diff.err;
  const auto manifests = cluster->holdfast({"app", "manifests", "hello", "-o", "name"});
  EXPECT_TRUE(manifests.out.contains("apps:Deployment:hello/hello\n")) << manifests.out << manifests.err;
}

TEST_F(Simulated, APushNeedsTheRightsOfAPush) {
  const auto token = cluster->kubectl({"create", "token", "default", "-n", "argocd"});
  ASSERT_EQ(token.exit, 0) << token.err;
  const auto stranger = cluster->path("stranger.conf");
  std::filesystem::copy_file(cluster->kubeconfig(), stranger);
  const std::string kube = node_file("kube");
  ASSERT_EQ(run({kube, "kubectl", "--kubeconfig", stranger, "config", "set-credentials", "stranger", "--token", lines_of(token.out).front()}).exit, 0);
  ASSERT_EQ(run({kube, "kubectl", "--kubeconfig", stranger, "config", "set-context", "--current", "--user", "stranger"}).exit, 0);
  const auto push = cluster->holdfast({"repo", "push", "--repo", cluster->repository(), "--kubeconfig", stranger});
  EXPECT_NE(push.exit, 0);
  EXPECT_TRUE(push.err.contains("serviceaccounts/token") || push.err.contains("forbidden")) << push.err;
}

TEST_F(Simulated, TheAgentComesBackWhenItDies) {
  const int before = agent();
  ASSERT_GT(before, 1);
  ASSERT_EQ(::kill(before, SIGKILL), 0);
  measure("agent killed to ready again", seconds(30), [&] { return agent() != 0 && agent() != before; });
  ASSERT_EQ(cluster->kubectl({"patch", "configmap", "hello", "-n", "hello", "--type=merge", "-p", R"({"data":{"message":"by hand"}})"}).exit, 0);
  measure("drift to repaired (simulated)", seconds(30), [&] { return message() == "changed in Git"; });
}

TEST_F(Simulated, GoesAndComesBackWithItsDataAndItsAgent) {
  const auto down = cluster->holdfast({"node", "down", "--state-dir", cluster->path("state")});
  ASSERT_EQ(down.exit, 0) << down.err;
  EXPECT_TRUE(down.out.contains("simulated")) << down.out;
  EXPECT_EQ(processes_with(cluster->path("state")), std::vector<int>{});
  const auto up = cluster->up();
  ASSERT_EQ(up.exit, 0) << up.out << up.err;
  expect_healthy();
  EXPECT_EQ(message(), "changed in Git");
}

TEST_F(Simulated, IsTakenAwayWhenItsFolderWasDeletedByHand) {
  ASSERT_GE(processes_with(cluster->path("state")).size(), 7U);
  std::filesystem::remove_all(cluster->path("state"));
  const auto down = cluster->holdfast({"node", "down", "--data", "remove", "--state-dir", cluster->path("state")});
  EXPECT_EQ(down.exit, 0) << down.err;
  EXPECT_EQ(processes_with(cluster->path("state")), std::vector<int>{});
}

TEST_F(Simulated, AKillInAnyStepIsHealedByTheSameCommand) {
  std::filesystem::remove_all(cluster->repository());
  ASSERT_NO_FATAL_FAILURE(cluster->kill_in_each_step());
  const auto last = cluster->up();
  ASSERT_EQ(last.exit, 0) << last.out << last.err;
  expect_healthy();
  EXPECT_EQ(cluster->holdfast({"node", "down", "--data", "remove", "--state-dir", cluster->path("state")}).exit, 0);
  EXPECT_FALSE(std::filesystem::exists(cluster->path("state")));
  EXPECT_EQ(processes_with(cluster->path("state")), std::vector<int>{});
}

TEST_F(Simulated, ACtrlCInAnyStepIsToldAndHealedByTheSameCommand) {
  std::filesystem::remove_all(cluster->repository());
  ASSERT_NO_FATAL_FAILURE(cluster->interrupt_in_each_step());
  EXPECT_GE(processes_with(cluster->path("state")).size(), 7U) << "the node goes on without the command that made it";
  const auto last = cluster->up();
  ASSERT_EQ(last.exit, 0) << last.out << last.err;
  expect_healthy();
}

}  // namespace
}  // namespace holdfast::e2e
