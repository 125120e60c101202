// SPDX-License-Identifier: Apache-2.0
// The engine keeps itself equal to Git, and nothing else restarts when it does.
#include <gtest/gtest.h>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;
using SelfManagement = OnCluster;

const std::string values = "cluster/demo/cfg/argo-cd/values.yaml";

std::string agent_arguments(Cluster& cluster) {
  return cluster.kubectl({"get", "pods", "-n", "argocd", "-l", "app.kubernetes.io/name=holdfast-agent", "--field-selector=status.phase=Running",
                          "-o", "jsonpath={.items[*].spec.containers[0].args}"}).out;
}

std::string other_pods(Cluster& cluster) {
  return cluster.kubectl({"get", "pods", "-A", "-l", "app.kubernetes.io/name!=holdfast-agent", "-o",
                          "jsonpath={range .items[*]}{.metadata.uid}:{.status.containerStatuses[0].restartCount} {end}"}).out;
}

// Is there one agent, and is it the one that acts? While a successor takes over nobody acts for a moment.
bool one_agent_acts(Cluster& cluster) {
  const auto pods = cluster.kubectl({"get", "pods", "-n", "argocd", "-l", "app.kubernetes.io/name=holdfast-agent", "-o", "jsonpath={.items[*].metadata.name}"}).out;
  const auto holder = cluster.kubectl({"get", "leases", "-n", "argocd", "-o", "jsonpath={.items[*].spec.holderIdentity}"}).out;
  return !pods.empty() && pods == holder;
}

TEST_F(SelfManagement, AChangedValueReplacesTheAgentAndNothingElse) {
  const auto before = other_pods(*cluster);
  cluster->replace_in(values, "level: info", "level: debug");
  cluster->replace_in(values, "memory: 256Mi", "memory: 200Mi");
  cluster->publish("engine: debug log, less memory");
  measure("changed value to new agent", seconds(90), [&] {
    const auto arguments = agent_arguments(*cluster);
    return arguments.contains("--log-level=debug") && !arguments.contains("--log-level=info");
  });
  EXPECT_TRUE(eventually(seconds(60), [&] { return cluster->state("argo-cd") == "Synced/Healthy"; })) << cluster->state("argo-cd");
  EXPECT_EQ(cluster->kubectl({"get", "pods", "-n", "argocd", "-l", "app.kubernetes.io/name=holdfast-agent",
                              "--field-selector=status.phase=Running", "-o",
                              "jsonpath={.items[*].spec.containers[0].resources.limits.memory}"}).out, "200Mi");
  EXPECT_EQ(other_pods(*cluster), before);

  ASSERT_EQ(cluster->git({"revert", "--no-edit", "HEAD"}).exit, 0);
  ASSERT_EQ(cluster->push().exit, 0);
  EXPECT_TRUE(eventually(seconds(90), [&] {
    const auto arguments = agent_arguments(*cluster);
    return arguments.contains("--log-level=info") && !arguments.contains("--log-level=debug");
  })) << agent_arguments(*cluster);
}

// Again and again: the pauses of self-heal grow, the time that the agent has left does not.
TEST_F(SelfManagement, ADeletedDeploymentComesBackEachTime) {
  ASSERT_TRUE(eventually(seconds(60), [&] { return one_agent_acts(*cluster); }));
  const auto before = other_pods(*cluster);
  for (int turn = 0; turn < 3; ++turn) {
    const auto uid = std::string(cluster->get("deployment", "holdfast-agent").text({"metadata", "uid"}));
    ASSERT_FALSE(uid.empty());
    ASSERT_EQ(cluster->kubectl({"delete", "deployment", "holdfast-agent", "-n", "argocd"}).exit, 0);
    measure("deleted Deployment to back", seconds(60), [&] {
      const auto object = cluster->get("deployment", "holdfast-agent");
      const auto now = object.text({"metadata", "uid"});
      return !now.empty() && now != uid;
    });
    ASSERT_TRUE(eventually(seconds(90), [&] { return one_agent_acts(*cluster); }));
    EXPECT_TRUE(eventually(seconds(60), [&] { return cluster->state("argo-cd") == "Synced/Healthy"; })) << cluster->state("argo-cd");
  }
  EXPECT_EQ(other_pods(*cluster), before);
}

}  // namespace
}  // namespace holdfast::e2e
