// SPDX-License-Identifier: Apache-2.0
// The built-in Git with the stock client, and what survives the agent's pod.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

std::string url(Cluster& cluster) {
  return cluster.url_of("holdfast-agent", "argocd") + "/fleet.git";
}

// What the Git of the cluster says of main. The wait is short: a connection that was sent to a pod as it went
// is answered by nobody, and only another one reaches the next pod.
Ran ask_main(Cluster& cluster) {
  return run({"git", "ls-remote", url(cluster), "refs/heads/main"}, {.timeout = seconds(5), .folder = {}, .environment = {}, .input = {}});
}

class BuiltInGit : public OnCluster {
 protected:
  // The tests before may have replaced the agent: its Service answers when the next one is ready.
  void SetUp() override {
    OnCluster::SetUp();
    if (cluster == nullptr) return;
    ASSERT_TRUE(eventually(seconds(60), [&] { return ask_main(*cluster).exit == 0; }));
  }
};

TEST_F(BuiltInGit, IsClonedAndFetchedByTheStockClient) {
  const TemporaryFolder folder{"git"};
  const auto head = cluster->git({"rev-parse", "HEAD"}).out;
  const auto clone = run({"git", "clone", "-q", url(*cluster), folder.path("whole")});
  ASSERT_EQ(clone.exit, 0) << clone.err;
  EXPECT_EQ(run({"git", "-C", folder.path("whole"), "rev-parse", "HEAD"}).out, head);
  EXPECT_EQ(run({"git", "-C", folder.path("whole"), "fsck", "--strict"}).exit, 0);

  const auto shallow = run({"git", "clone", "-q", "--depth", "1", url(*cluster), folder.path("shallow")});
  ASSERT_EQ(shallow.exit, 0) << shallow.err;
  EXPECT_EQ(run({"git", "-C", folder.path("shallow"), "rev-list", "--count", "HEAD"}).out, "1\n");

  ASSERT_EQ(cluster->git({"commit", "-q", "--allow-empty", "-m", "nothing new"}).exit, 0);
  ASSERT_EQ(cluster->push().exit, 0);
  const auto newer = cluster->git({"rev-parse", "HEAD"}).out;
  for (const auto* clone_name : {"whole", "shallow"}) {
    std::vector<std::string> fetch{"git", "-C", folder.path(clone_name), "fetch", "-q"};
    if (clone_name == std::string_view("shallow")) fetch.insert(fetch.end(), {"--depth", "1"});
    const auto fetched = run(fetch);
    ASSERT_EQ(fetched.exit, 0) << clone_name << fetched.err;
    EXPECT_EQ(run({"git", "-C", folder.path(clone_name), "rev-parse", "origin/main"}).out, newer) << clone_name;
  }
  EXPECT_EQ(run({"git", "-C", folder.path("shallow"), "rev-list", "--count", "origin/main"}).out, "1\n");
  const auto deepen = run({"git", "-C", folder.path("shallow"), "fetch", "-q", "--unshallow"});
  EXPECT_EQ(deepen.exit, 0) << deepen.err;
  EXPECT_EQ(run({"git", "-C", folder.path("shallow"), "rev-list", "--count", "origin/main"}).out,
            cluster->git({"rev-list", "--count", "HEAD"}).out);
}

TEST_F(BuiltInGit, RefusesPushesByTheStockClient) {
  const auto push = cluster->git({"push", "-q", url(*cluster), "HEAD:refs/heads/other"});
  EXPECT_NE(push.exit, 0);
}

TEST_F(BuiltInGit, IsPushedToOnlyWithATokenThatTheApiServerKnows) {
  const auto endpoint = url(*cluster).substr(0, url(*cluster).rfind('/')) + "/push";
  const auto answer = [&](const std::string& token) {
    std::vector<std::string> curl{"curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-X", "POST", "--data-binary", "x", endpoint};
    if (!token.empty()) curl.insert(curl.end(), {"-H", "X-Holdfast-Token: " + token});
    return run(curl).out;
  };
  const auto token = [&](const std::string& account, const std::string& audience) {
    const auto ran = cluster->kubectl({"create", "token", account, "-n", "argocd", "--audience", audience});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return ran.out.substr(0, ran.out.find('\n'));
  };
  EXPECT_EQ(answer(""), "401");
  EXPECT_EQ(answer("made.up.token"), "403");
  EXPECT_EQ(answer(token("holdfast-push", "https://kubernetes.default.svc")), "403") << "a token for somebody else";
  EXPECT_EQ(answer(token("holdfast-agent", "holdfast-git")), "403") << "another account's token";
  EXPECT_EQ(answer(token("holdfast-push", "holdfast-git")), "400") << "the right token, and no push in the body";
}

TEST_F(BuiltInGit, IsNotPushedToByAUserWithoutTheRight) {
  const TemporaryFolder folder{"git"};
  const auto file = folder.path("reader.conf");
  ASSERT_EQ(cluster->kubectl({"create", "serviceaccount", "reader", "-n", "default"}).exit, 0);
  ASSERT_EQ(cluster->kubectl({"create", "clusterrolebinding", "reader", "--clusterrole=view", "--serviceaccount=default:reader"}).exit, 0);
  const auto token = cluster->kubectl({"create", "token", "reader", "-n", "default"}).out;
  std::filesystem::copy_file(cluster->kubeconfig(), file);
  const auto config = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {node_file("kube"), "kubectl", "config", "--kubeconfig", file});
    return run(arguments).exit;
  };
  ASSERT_EQ(config({"set-credentials", "reader", "--token", token.substr(0, token.find('\n'))}), 0);
  ASSERT_EQ(config({"set-context", "--current", "--user=reader"}), 0);
  const auto push = cluster->holdfast({"repo", "push", "--repo", cluster->repository(), "--kubeconfig", file});
  EXPECT_EQ(push.exit, 4) << push.out << push.err;
  EXPECT_TRUE(push.err.contains("HF-E-1005")) << push.err;
  EXPECT_TRUE(push.err.contains("holdfast-push")) << push.err;
  EXPECT_EQ(cluster->kubectl({"delete", "clusterrolebinding/reader", "serviceaccount/reader", "-n", "default"}).exit, 0);
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
  measure("agent's pod deleted to Git answering", seconds(60), [&] { return ask_main(*cluster).out.starts_with(head.substr(0, 40)); });
}

}  // namespace
}  // namespace holdfast::e2e
