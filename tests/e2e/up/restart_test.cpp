// SPDX-License-Identifier: Apache-2.0
// Machines go away and come back: nothing is lost, and what is pushed afterwards goes live.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <iterator>
#include <set>
#include <sstream>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

std::set<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::string nodes_of(Cluster& cluster, const std::string& in_namespace, const std::string& name) {
  return cluster.kubectl({"get", "pods", "-n", in_namespace, "-l", "app.kubernetes.io/name=" + name, "--field-selector=status.phase=Running", "-o",
                          "jsonpath={.items[*].spec.nodeName}"}).out;
}

using Machines = OnCluster;

TEST_F(Machines, SharePodsWhereThereAreSeveral) {
  const auto all = words(cluster->kubectl({"get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"}).out);
  if (all.size() < 2) GTEST_SKIP() << "the cluster has one node";
  const std::string overlay = "cluster/demo/overlay/hello/values.yaml";
  cluster->write_file(overlay, cluster->read_file(overlay) + "replicas: 4\n");
  cluster->publish("hello: four pods");
  measure("push to four pods", seconds(90), [&] {
    return cluster->kubectl({"get", "deployment", "hello", "-n", "hello", "-o", "jsonpath={.status.availableReplicas}"}).out == "4";
  });
  EXPECT_GE(words(nodes_of(*cluster, "hello", "hello")).size(), 2U) << nodes_of(*cluster, "hello", "hello");
}

TEST_F(Machines, MayRestartEvenTheOneThatHoldsTheAgent) {
  const auto node = nodes_of(*cluster, "argocd", "holdfast-agent");
  ASSERT_EQ(words(node).size(), 1U) << node;
  cluster->place().restart(node);
  const auto url = [&] { return cluster->url_of("holdfast-agent", "argocd") + "/fleet.git"; };
  const auto head = cluster->git({"rev-parse", "HEAD"}).out.substr(0, 40);
  measure("restart to Git answering as before", seconds(180), [&] {
    return run({"git", "ls-remote", url(), "refs/heads/main"}, {.timeout = seconds(5), .folder = {}, .environment = {}, .input = {}}).out.starts_with(head);
  });

  // Only an agent that acts brings a new commit into every status.
  ASSERT_EQ(cluster->git({"commit", "-q", "--allow-empty", "-m", "after the restart"}).exit, 0);
  Ran push;
  EXPECT_TRUE(eventually(seconds(90), [&] { return (push = cluster->push()).exit == 0; })) << push.out << push.err;
  const auto next = cluster->git({"rev-parse", "HEAD"}).out.substr(0, 40);
  for (const auto* application : {"root", "argo-cd", "hello"}) {
    measure(fmt::format("restart to {} at the next commit", application), seconds(180), [&] {
      return cluster->state(application) == "Synced/Healthy" &&
             cluster->get("applications.argoproj.io", application).text({"status", "sync", "revision"}) == next;
    });
  }
  EXPECT_TRUE(eventually(seconds(60), [&] { return cluster->ask("hello", "hello").contains("hello from demo"); }));
}

}  // namespace
}  // namespace holdfast::e2e
