// SPDX-License-Identifier: Apache-2.0
// The repository does not need Holdfast: on a node with the images loaded, stock helm and kubectl reach
// the same end, with any Git server.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

TEST(ByHand, StockHelmAndKubectlReachTheSameEnd) {
  std::string reason;
  Cluster* cluster = Cluster::shared(reason, Cluster::Bring::bundle_only);
  if (cluster == nullptr) GTEST_SKIP() << reason;
  const std::string helm = judge("helm");
  if (!std::filesystem::exists(helm)) GTEST_SKIP() << "there is no stock helm: tests/judges/build build/judges";

  const auto node = cluster->holdfast({"node", "up", "--bundle", cluster->path("core.hfb"), "--trust-dir", cluster->path("trust"),
                                       "--state-dir", cluster->path("state")},
                                      seconds(240));
  ASSERT_EQ(node.exit, 0) << node.out << node.err;

  const std::string url = "http://198.51.100.2:8418/fleet.git";
  const auto bare = cluster->path("git/fleet.git");
  ASSERT_EQ(run({"git", "init", "-q", "--bare", "-b", "main", bare}).exit, 0);
  ASSERT_EQ(run({"git", "-C", bare, "config", "http.receivepack", "true"}).exit, 0);
  const Background server({"python3", source("tests/e2e/git_server.py"), cluster->path("git"), "198.51.100.2", "8418"});
  const auto init = cluster->holdfast({"repo", "init", cluster->repository(), "--cluster", "demo", "--sample", "hello", "--git-url", url});
  ASSERT_EQ(init.exit, 0) << init.out << init.err;
  ASSERT_TRUE(eventually(seconds(20), [&] { return run({"git", "ls-remote", url}).exit == 0; }));
  ASSERT_EQ(cluster->git({"push", "-q", url, "main"}).exit, 0);

  const auto chart = cluster->repository() + "/cluster/demo/cfg/argo-cd";
  const auto install = run({helm, "install", "argocd", chart, "-n", "argocd", "--create-namespace", "-f", chart + "/values.yaml",
                            "--kubeconfig", cluster->kubeconfig()},
                           {.timeout = seconds(120), .folder = {}, .environment = {}, .input = {}});
  ASSERT_EQ(install.exit, 0) << install.out << install.err;
  const auto apply = cluster->kubectl({"apply", "-k", cluster->repository() + "/cluster/demo/app-of-apps/"});
  ASSERT_EQ(apply.exit, 0) << apply.out << apply.err;

  for (const auto* application : {"root", "argo-cd", "hello"}) {
    EXPECT_TRUE(eventually(seconds(120), [&] { return cluster->state(application) == "Synced/Healthy"; }))
        << application << ": " << cluster->state(application);
  }
  EXPECT_TRUE(eventually(seconds(60), [&] { return cluster->ask("hello", "hello").contains("hello from demo"); }));
}

}  // namespace
}  // namespace holdfast::e2e
