// SPDX-License-Identifier: Apache-2.0
// The main job: from nothing to a cluster that manages itself.
#include <gtest/gtest.h>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using Up = OnCluster;

TEST_F(Up, EndsWithEveryApplicationSyncedAndHealthy) {
  ASSERT_EQ(cluster->first_up().exit, 0) << cluster->first_up().err;
  for (const auto* application : {"root", "argo-cd", "hello"}) {
    EXPECT_EQ(cluster->state(application), "Synced/Healthy") << application;
  }
}

TEST_F(Up, SaysEachStepWithItsTimeAndWhatToTypeNext) {
  const auto& out = cluster->first_up().out;
  for (const auto* step : {"Verify", "Check", "Node", "Images", "Repository", "Engine", "Publish", "Root", "Applications"}) {
    EXPECT_NE(out.find(step), std::string::npos) << step << " is missing in:\n" << out;
  }
  EXPECT_NE(out.find("export KUBECONFIG=" + cluster->kubeconfig()), std::string::npos) << out;
  EXPECT_EQ(out.find("simulated"), std::string::npos) << out;
}

TEST_F(Up, TheSampleAnswersWithAValueFromGit) {
  // The Deployment is Healthy when its pod is ready; kube-proxy hears of that pod in its own time.
  EXPECT_TRUE(eventually(std::chrono::seconds(10), [&] { return cluster->ask("hello", "hello").contains("hello from demo"); }));
}

TEST_F(Up, ASecondTimeChangesNothing) {
  const auto before = cluster->kubectl({"get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.uid}"}).out;
  const auto head = cluster->git({"rev-parse", "HEAD"}).out;
  const auto again = cluster->up();
  EXPECT_EQ(again.exit, 0) << again.out << again.err;
  EXPECT_EQ(cluster->kubectl({"get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.uid}"}).out, before);
  EXPECT_EQ(cluster->git({"rev-parse", "HEAD"}).out, head);
  EXPECT_EQ(cluster->git({"status", "--porcelain"}).out, "");
}

TEST_F(Up, RunsTheAgentWithoutRootAndWithAReadOnlyRootFileSystem) {
  const auto pod = cluster->kubectl({"get", "pods", "-n", "argocd", "-l", "app.kubernetes.io/name=holdfast-agent", "-o",
                                     "jsonpath={.items[0].spec.containers[0].securityContext.readOnlyRootFilesystem} "
                                     "{.items[0].spec.securityContext.runAsNonRoot}"});
  EXPECT_EQ(pod.out, "true true");
}

TEST_F(Up, NothingLeavesTheNamespace) { EXPECT_EQ(uplink_packets(), 0); }

}  // namespace
}  // namespace holdfast::e2e
