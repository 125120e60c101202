// SPDX-License-Identifier: Apache-2.0
// Git is the only truth: what each change, drift and mistake leads to, with its measured time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;
using GitOps = OnCluster;

const std::string overlay = "cluster/demo/overlay/hello/values.yaml";
const std::string hello_application = "cluster/demo/app-of-apps/hello.yaml";

TEST_F(GitOps, APushedChangeGoesLiveAndARevertBringsThePreviousStateBack) {
  cluster->replace_in(overlay, "hello from demo", "changed in Git");
  cluster->publish("hello: another message");
  measure("push to live (object)", seconds(30), [&] {
    return cluster->get("configmap", "hello", "hello").text({"data", "message"}) == "changed in Git";
  });
  measure("push to answer (new pod)", seconds(60), [&] { return cluster->ask("hello", "hello").contains("changed in Git"); });

  ASSERT_EQ(cluster->git({"revert", "--no-edit", "HEAD"}).exit, 0);
  ASSERT_EQ(cluster->push().exit, 0);
  measure("revert to previous state", seconds(30), [&] {
    return cluster->get("configmap", "hello", "hello").text({"data", "message"}) == "hello from demo";
  });
  // Its new pod, too: one that starts later mounts what the next test writes by hand.
  EXPECT_TRUE(eventually(seconds(60), [&] { return cluster->ask("hello", "hello").contains("hello from demo"); }));
}

TEST_F(GitOps, DriftIsUndoneWithSelfHeal) {
  ASSERT_EQ(cluster->kubectl({"patch", "configmap", "hello", "-n", "hello", "--type=merge", "-p", R"({"data":{"message":"by hand"}})"}).exit, 0);
  measure("drift to repaired", seconds(30), [&] {
    return cluster->get("configmap", "hello", "hello").text({"data", "message"}) == "hello from demo";
  });
}

TEST_F(GitOps, DriftIsShownAndNotTouchedWithoutAutomation) {
  cluster->replace_in(hello_application, "    automated:\n      prune: true\n      selfHeal: true\n", "");
  cluster->publish("hello: manual");
  ASSERT_TRUE(eventually(seconds(30), [&] {
    return cluster->get("applications.argoproj.io", "hello").find_path({"spec", "syncPolicy", "automated"}) == nullptr;
  }));
  ASSERT_EQ(cluster->kubectl({"patch", "configmap", "hello", "-n", "hello", "--type=merge", "-p", R"({"data":{"message":"by hand"}})"}).exit, 0);
  measure("drift to shown", seconds(30), [&] { return cluster->state("hello").starts_with("OutOfSync/"); });
  EXPECT_EQ(cluster->get("configmap", "hello", "hello").text({"data", "message"}), "by hand");

  ASSERT_EQ(cluster->git({"revert", "--no-edit", "HEAD"}).exit, 0);
  ASSERT_EQ(cluster->push().exit, 0);
  EXPECT_TRUE(eventually(seconds(30), [&] { return cluster->state("hello") == "Synced/Healthy"; })) << cluster->state("hello");
  EXPECT_EQ(cluster->get("configmap", "hello", "hello").text({"data", "message"}), "hello from demo");
}

TEST_F(GitOps, AnObjectThatLeavesGitIsPrunedWithPruneAndKeptWithout) {
  const std::string extra = "internal/hello/templates/extra.yaml";
  const std::string object = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: extra\ndata:\n  a: b\n";
  cluster->write_file(extra, object);
  cluster->publish("hello: an extra object");
  ASSERT_TRUE(eventually(seconds(30), [&] { return !cluster->get("configmap", "extra", "hello").is_null(); }));
  ASSERT_EQ(cluster->git({"rm", "-q", extra}).exit, 0);
  cluster->publish("hello: without it");
  measure("removed from Git to pruned", seconds(30), [&] { return cluster->get("configmap", "extra", "hello").is_null(); });

  cluster->replace_in(hello_application, "      prune: true\n", "      prune: false\n");
  cluster->write_file(extra, object);
  cluster->publish("hello: again, without prune");
  ASSERT_TRUE(eventually(seconds(30), [&] {
    return !cluster->get("configmap", "extra", "hello").is_null() && cluster->state("hello") == "Synced/Healthy";
  }));
  ASSERT_EQ(cluster->git({"rm", "-q", extra}).exit, 0);
  cluster->publish("hello: without it");
  EXPECT_TRUE(eventually(seconds(30), [&] { return cluster->state("hello").starts_with("OutOfSync/"); })) << cluster->state("hello");
  EXPECT_FALSE(cluster->get("configmap", "extra", "hello").is_null());

  cluster->replace_in(hello_application, "      prune: false\n", "      prune: true\n");
  cluster->publish("hello: with prune");
  EXPECT_TRUE(eventually(seconds(30), [&] { return cluster->get("configmap", "extra", "hello").is_null(); }));
  EXPECT_TRUE(eventually(seconds(30), [&] { return cluster->state("hello") == "Synced/Healthy"; }));
}

TEST_F(GitOps, BrokenYamlLeavesTheOldStateAndNamesFileLineAndCause) {
  const std::string broken = "internal/hello/templates/broken.yaml";
  cluster->write_file(broken, "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: broken\n   indent: wrong\n");
  cluster->publish("hello: broken");
  std::string message;
  measure("broken push to condition", seconds(30), [&] {
    message = cluster->kubectl({"get", "applications.argoproj.io", "hello", "-n", "argocd", "-o", "jsonpath={.status.conditions[*].message}"}).out;
    return message.contains("broken.yaml");
  });
  EXPECT_TRUE(message.contains("broken.yaml:5")) << message;
  EXPECT_TRUE(eventually(seconds(30), [&] { return cluster->ask("hello", "hello").contains("hello from demo"); }));

  ASSERT_EQ(cluster->git({"revert", "--no-edit", "HEAD"}).exit, 0);
  ASSERT_EQ(cluster->push().exit, 0);
  EXPECT_TRUE(eventually(seconds(30), [&] { return cluster->state("hello") == "Synced/Healthy"; })) << cluster->state("hello");
}

TEST_F(GitOps, AnApplicationThatLeavesTheAppOfAppsIsGoneWithItsObjects) {
  cluster->write_file("internal/gone/configmap.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: gone\n");
  ASSERT_EQ(cluster->git({"add", "-A"}).exit, 0);
  cluster->commit("gone: an application to remove");
  const auto added = cluster->holdfast({"repo", "add-app", "gone", "--directory", "internal/gone", "--repo", cluster->repository()});
  ASSERT_EQ(added.exit, 0) << added.out << added.err;
  ASSERT_EQ(cluster->push().exit, 0);
  ASSERT_TRUE(eventually(seconds(30), [&] { return cluster->state("gone") == "Synced/Healthy"; })) << cluster->state("gone");
  ASSERT_FALSE(cluster->get("configmap", "gone", "gone").is_null());

  cluster->replace_in("cluster/demo/app-of-apps/kustomization.yaml", "  - gone.yaml\n", "");
  ASSERT_EQ(cluster->git({"rm", "-q", "cluster/demo/app-of-apps/gone.yaml"}).exit, 0);
  cluster->publish("gone: removed");
  measure("application removed to objects gone", seconds(60), [&] {
    return cluster->state("gone").empty() && cluster->get("configmap", "gone", "gone").is_null();
  });
  EXPECT_EQ(cluster->state("hello"), "Synced/Healthy");
}

}  // namespace
}  // namespace holdfast::e2e
