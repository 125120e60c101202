// SPDX-License-Identifier: Apache-2.0
// What the agent may do and what it may not: asked of the API server's authorizer, and tried from Git.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;
using Rights = OnCluster;

const std::string values = "cluster/demo/cfg/argo-cd/values.yaml";
constexpr std::string_view agent = "system:serviceaccount:argocd:holdfast-agent";
constexpr std::string_view narrow = R"(  rbac:
    kinds:
      - apiGroups: [""]
        resources: [namespaces, configmaps, services]
      - apiGroups: [apps]
        resources: [deployments]
)";

std::string may(Cluster& cluster, const std::string& verb, const std::string& what, const std::string& in_namespace = "default") {
  const auto ran = cluster.kubectl({"auth", "can-i", verb, what, "-n", in_namespace, fmt::format("--as={}", agent)});
  return ran.out.substr(0, ran.out.find('\n'));
}

std::string conditions(Cluster& cluster, const std::string& application) {
  const auto ran = cluster.kubectl({"get", "applications.argoproj.io", application, "-n", "argocd", "-o",
                                    "jsonpath={.status.conditions[*].message} {.status.operationState.message} "
                                    "{.status.operationState.syncResult.resources[*].message}"});
  return ran.out;
}

// An Application `name` of one file, added to the cluster and pushed.
void add_application(Cluster& cluster, const std::string& name, const std::string& manifest) {
  cluster.write_file(fmt::format("internal/{0}/{0}.yaml", name), manifest);
  cluster.commit(name + ": manifest");
  const auto added = cluster.holdfast({"repo", "add-app", name, "--directory", "internal/" + name, "--repo", cluster.repository()});
  ASSERT_EQ(added.exit, 0) << added.out << added.err;
  const auto pushed = cluster.push();
  ASSERT_EQ(pushed.exit, 0) << pushed.out << pushed.err;
}

TEST_F(Rights, AreToWriteObjectsAndToGrantNothing) {
  struct Row { std::string verb, what, answer; };
  for (const auto& row : {Row{"create", "deployments.apps", "yes"}, Row{"patch", "customresourcedefinitions.apiextensions.k8s.io", "yes"},
                          Row{"delete", "widgets.example.com", "yes"}, Row{"create", "tokenreviews.authentication.k8s.io", "yes"},
                          Row{"escalate", "clusterroles.rbac.authorization.k8s.io", "no"},
                          Row{"bind", "clusterroles.rbac.authorization.k8s.io", "no"},
                          Row{"escalate", "roles.rbac.authorization.k8s.io", "no"}, Row{"impersonate", "users", "no"},
                          Row{"impersonate", "serviceaccounts", "no"}, Row{"approve", "signers.certificates.k8s.io", "no"},
                          Row{"sign", "signers.certificates.k8s.io", "no"}, Row{"get", "/metrics", "no"}, Row{"post", "/api", "no"}}) {
    EXPECT_EQ(may(*cluster, row.verb, row.what), row.answer) << row.verb << " " << row.what;
  }
}

TEST_F(Rights, AreNarrowedByAPushAndWidenedOnlyByAPerson) {
  const auto before = cluster->read_file(values);
  cluster->write_file(values, before + std::string(narrow));
  cluster->publish("engine: four kinds");
  ASSERT_TRUE(eventually(seconds(60), [&] { return may(*cluster, "create", "cronjobs.batch") == "no"; }));
  EXPECT_EQ(may(*cluster, "create", "pods", "argocd"), "no");
  EXPECT_EQ(may(*cluster, "create", "services"), "yes");
  EXPECT_EQ(may(*cluster, "get", "secrets"), "no");
  EXPECT_EQ(may(*cluster, "get", "secrets", "argocd"), "yes") << "the credentials of repositories";
  EXPECT_EQ(may(*cluster, "patch", "deployments.apps/holdfast-agent", "argocd"), "yes");

  // What is not listed is refused and said; the rest goes on, the engine itself included.
  add_application(*cluster, "quota", "apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: quota\nspec:\n  limits: []\n");
  EXPECT_TRUE(eventually(seconds(60), [&] { return conditions(*cluster, "quota").contains("forbidden"); })) << conditions(*cluster, "quota");
  EXPECT_TRUE(cluster->get("limitrange", "quota", "quota").is_null());
  cluster->replace_in(values, "level: info", "level: debug");
  cluster->publish("engine: debug log");
  for (const auto* application : {"argo-cd", "hello", "root"}) {
    const auto head = cluster->git({"rev-parse", "HEAD"}).out.substr(0, 40);
    EXPECT_TRUE(eventually(seconds(90), [&] {
      return cluster->state(application) == "Synced/Healthy" &&
             cluster->get("applications.argoproj.io", application).text({"status", "sync", "revision"}) == head;
    })) << application << ": " << cluster->state(application) << conditions(*cluster, application);
  }

  // The agent cannot give itself back what it does not hold; `up` with the administrator's kubeconfig can.
  cluster->write_file(values, before);
  cluster->publish("engine: every kind");
  EXPECT_TRUE(eventually(seconds(90), [&] { return conditions(*cluster, "argo-cd").contains("not currently held"); })) << conditions(*cluster, "argo-cd");
  EXPECT_EQ(may(*cluster, "create", "cronjobs.batch"), "no");
  const auto up = cluster->up();
  EXPECT_EQ(up.exit, 0) << up.out << up.err;
  EXPECT_EQ(may(*cluster, "create", "cronjobs.batch"), "yes");
  EXPECT_EQ(cluster->state("quota"), "Synced/Healthy");
}

// The last one: the operation that cannot succeed is retried for minutes.
TEST_F(Rights, DoNotLetACommitMakeSomebodyAdministrator) {
  add_application(*cluster, "grab", R"(apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: grab
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: cluster-admin
subjects:
  - kind: ServiceAccount
    name: default
    namespace: default
)");
  EXPECT_TRUE(eventually(seconds(60), [&] { return conditions(*cluster, "grab").contains("is attempting to grant RBAC permissions not currently held"); }))
      << conditions(*cluster, "grab");
  EXPECT_TRUE(cluster->get("clusterrolebinding", "grab", "default").is_null());
}

}  // namespace
}  // namespace holdfast::e2e
