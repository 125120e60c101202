// SPDX-License-Identifier: Apache-2.0
// The main job: from nothing to a cluster that manages itself.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>

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
  auto steps = cluster->place().steps();
  steps.insert(steps.begin(), {"verify", "check"});
  for (auto& step : steps) {
    step[0] = static_cast<char>(std::toupper(step[0]));
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

TEST_F(Up, BringsDefinitionsThatAreStructural) {
  for (const auto* definition : {"applications.argoproj.io", "appprojects.argoproj.io"}) {
    const auto conditions = cluster->kubectl({"get", "crd", definition, "-o", "jsonpath={range .status.conditions[*]}{.type}={.status} {end}"}).out;
    EXPECT_TRUE(conditions.contains("Established=True")) << definition << ": " << conditions;
    EXPECT_FALSE(conditions.contains("NonStructuralSchema=True")) << definition << ": " << conditions;
  }
}

TEST_F(Up, HasAnAgentThatTellsItsHealthItsMetricsAndWhatItDid) {
  const auto url = cluster->url_of("holdfast-agent", "argocd");
  const auto get = [&](std::string_view path) { return run({"curl", "-s", "-f", "-m", "5", fmt::format("{}{}", url, path)}); };
  EXPECT_EQ(get("/healthz").exit, 0);
  const auto metrics = get("/metrics").out;
  EXPECT_TRUE(metrics.contains("\nholdfast_applications 3\n")) << metrics;
  EXPECT_TRUE(metrics.contains("argocd_app_reconcile_count")) << metrics;
  const auto events = cluster->kubectl({"get", "events", "-n", "argocd", "-o",
                                        "jsonpath={range .items[?(@.involvedObject.kind==\"Application\")]}{.involvedObject.name}:{.reason} {end}"}).out;
  EXPECT_TRUE(events.contains("hello:OperationCompleted")) << events;
}

}  // namespace
}  // namespace holdfast::e2e
