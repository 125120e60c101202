// SPDX-License-Identifier: Apache-2.0
// The built-in Git with the stock client, and what survives the agent's pod.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

std::string url(Cluster& cluster) {
  return fmt::format("http://{}/fleet.git", cluster.get("service", "holdfast-agent").text({"spec", "clusterIP"}));
}

class BuiltInGit : public OnCluster {
 protected:
  // The tests before may have replaced the agent: its Service answers when the next one is ready.
  void SetUp() override {
    OnCluster::SetUp();
    if (cluster == nullptr) return;
    ASSERT_TRUE(eventually(seconds(60), [&] { return run({"git", "ls-remote", url(*cluster)}).exit == 0; }));
  }
};

TEST_F(BuiltInGit, IsClonedAndFetchedByTheStockClient) {
  const TemporaryFolder folder;
  const auto head = cluster->git({"rev-parse", "HEAD"}).out;
  const auto clone = run({"git", "clone", "-q", url(*cluster), folder.path("whole")});
  ASSERT_EQ(clone.exit, 0) << clone.err;
  EXPECT_EQ(run({"git", "-C", folder.path("whole"), "rev-parse", "HEAD"}).out, head);
  EXPECT_EQ(run({"git", "-C", folder.path("whole"), "fsck", "--strict"}).exit, 0);

  const auto shallow = run({"git", "clone", "-q", "--depth", "1", url(*cluster), folder.path("shallow")});
  ASSERT_EQ(shallow.exit, 0) << shallow.err;
  EXPECT_EQ(run({"git", "-C", folder.path("shallow"), "rev-list", "--count", "HEAD"}).out, "1\n");
  const auto deepen = run({"git", "-C", folder.path("shallow"), "fetch", "-q", "--unshallow"});
  EXPECT_EQ(deepen.exit, 0) << deepen.err;
}

TEST_F(BuiltInGit, RefusesPushesByTheStockClient) {
  const auto push = cluster->git({"push", "-q", url(*cluster), "HEAD:refs/heads/other"});
  EXPECT_NE(push.exit, 0);
}

TEST_F(BuiltInGit, AcceptsOnlyFastForwards) {
  ASSERT_EQ(cluster->git({"checkout", "-q", "-b", "rewritten", "HEAD~1"}).exit, 0);
  ASSERT_EQ(cluster->git({"commit", "-q", "--allow-empty", "-m", "another history"}).exit, 0);
  ASSERT_EQ(cluster->git({"branch", "-q", "-f", "saved", "main"}).exit, 0);
  ASSERT_EQ(cluster->git({"checkout", "-q", "-B", "main"}).exit, 0);
  const auto push = cluster->push();
  EXPECT_EQ(push.exit, 6) << push.out << push.err;
  EXPECT_TRUE(push.err.contains("HF-E-3004")) << push.err;
  ASSERT_EQ(cluster->git({"checkout", "-q", "-B", "main", "saved"}).exit, 0);
  ASSERT_EQ(cluster->git({"branch", "-q", "-D", "saved", "rewritten"}).exit, 0);
}

TEST_F(BuiltInGit, SurvivesTheAgentsPod) {
  const auto head = cluster->git({"rev-parse", "HEAD"}).out;
  ASSERT_EQ(cluster->kubectl({"delete", "pods", "-n", "argocd", "-l", "app.kubernetes.io/name=holdfast-agent", "--wait=true"}).exit, 0);
  measure("agent's pod deleted to Git answering", seconds(60), [&] {
    const auto remote = run({"git", "ls-remote", url(*cluster), "refs/heads/main"});
    return remote.out.starts_with(head.substr(0, 40));
  });
}

}  // namespace
}  // namespace holdfast::e2e
