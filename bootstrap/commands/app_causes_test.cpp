// SPDX-License-Identifier: Apache-2.0
#include "commands/app_causes.h"

#include <gtest/gtest.h>

#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

Value parsed(std::string_view text) { return *yaml::parse_one(text, "test", yaml::Dialect::kube); }

sync::Application shop() {
  return *sync::decode_application(parsed(R"({metadata: {name: shop, namespace: argocd}, spec: {project: red, source: {repoURL: 'https://git.example.com/a', path: .}}})"));
}

TEST(RefusalFix, KnowsTheWordsOfTheApiServer) {
  struct Case {
    const char *message, *fix;
  };
  const Case cases[] = {
      {R"(Job.batch "a" is invalid: spec.template: Invalid value: {}: field is immutable)", "Force=true,Replace=true"},
      {R"(pods "a" is forbidden: exceeded quota: small, requested: pods=1, used: pods=1, limited: pods=1)", "kubectl describe quota"},
      {R"(namespaces "shop" not found)", "holdfast app set shop --sync-option CreateNamespace=true"},
      {"resource :Secret is not permitted in project red", "kubectl -n argocd edit appproject red"},
      {R"(The Kubernetes API could not find a/B for requested resource x/y. Make sure the "B" CRD is installed on the destination cluster.)", "install the kind first"},
      {R"(Internal error occurred: failed calling webhook "x.example.com": no route)", "kubectl get validatingwebhookconfigurations"},
      {R"(admission webhook "x.example.com" denied the request: no)", "a policy of the cluster"},
      {R"(Service "a" is invalid: spec.ports[0].port: Invalid value: 700000)", "correct the object in Git"},
      {R"(secrets "a" is forbidden: User "system:serviceaccount:argocd:holdfast-agent" cannot patch resource)", "rbac.kinds"},
      {"the moon is full", ""},
  };
  for (const auto& each : cases) {
    const auto fix = refusal_fix(each.message, shop());
    EXPECT_NE(fix.find(each.fix), std::string::npos) << each.message << ": " << fix;
    EXPECT_EQ(fix.empty(), std::string_view(each.fix).empty()) << each.message;
  }
}

TEST(SourceFix, SaysWhereToLook) {
  struct Case {
    const char *message, *fix;
  };
  const Case cases[] = {
      {"Failed to load target state: a: app path does not exist", "holdfast app set shop --path PATH"},
      {"unable to resolve 'x' to a commit SHA: revision not found", "holdfast app set shop --revision REVISION"},
      {"failed to list refs: repository not found", "https://git.example.com/a"},
      {"the server wants authentication required", "argocd.argoproj.io/secret-type: repository"},
      {"kustomization.yaml: no such file", "correct the source in Git; then: holdfast app get shop --refresh"},
  };
  for (const auto& each : cases) EXPECT_NE(source_fix(each.message, shop()).find(each.fix), std::string::npos) << source_fix(each.message, shop());
}

std::string told(std::string_view status) {
  const auto trouble = pod_trouble(parsed(fmt::format("{{metadata: {{name: web-1, namespace: shop}}, status: {}}}", status)));
  return trouble ? fmt::format("{} | {}", trouble->because, trouble->fix) : "";
}

TEST(PodTrouble, NamesThePodTheContainerAndTheCause) {
  EXPECT_EQ(told(R"({phase: Pending, containerStatuses: [{name: main, image: 'r/web:2', state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "r/web:2"'}}}]})"),
            "pod shop/web-1: container main: ImagePullBackOff: Back-off pulling image \"r/web:2\" | is r/web:2 in a registry that the node reaches, and is its name right? "
            "A private one needs imagePullSecrets");
  EXPECT_EQ(told(R"({containerStatuses: [{name: main, state: {waiting: {reason: CrashLoopBackOff, message: back-off}}, lastState: {terminated: {reason: Error, exitCode: 3}}}]})"),
            "pod shop/web-1: container main: CrashLoopBackOff: back-off; it ended last with Error and exit code 3 | see what it wrote: "
            "kubectl -n shop logs web-1 -c main --previous");
  EXPECT_EQ(told("{phase: Pending, conditions: [{type: PodScheduled, status: 'False', message: '0/2 nodes are available: 2 Insufficient cpu.'}]}"),
            "pod shop/web-1: no node takes it: 0/2 nodes are available: 2 Insufficient cpu. | lower what it requests, or add a node; what nodes have: kubectl describe nodes");
  EXPECT_EQ(told("{phase: Pending, conditions: [{type: PodScheduled, status: 'False', message: 'pod has unbound immediate PersistentVolumeClaims'}]}"),
            "pod shop/web-1: no node takes it: pod has unbound immediate PersistentVolumeClaims | look at its claims: kubectl -n shop get pvc");
  EXPECT_EQ(told("{phase: Pending, containerStatuses: [{name: main, state: {waiting: {reason: ContainerCreating}}}]}"), "");
  EXPECT_EQ(told("{phase: Running, containerStatuses: [{name: main, state: {running: {}}}]}"), "");
}

TEST(PodsOf, FindsThemThroughTheirReplicaSets) {
  const std::vector<Value> sets{parsed("{metadata: {name: web-1, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web}]}}")};
  const std::vector<Value> pods{parsed("{metadata: {name: a, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1}]}}"),
                                parsed("{metadata: {name: b, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: other-1}]}}"),
                                parsed("{metadata: {name: c, namespace: shop, ownerReferences: [{apiVersion: batch/v1, kind: Job, name: web}]}}")};
  const auto names = [&](const sync::Key& key) {
    std::string text;
    for (const auto* each : pods_of(key, pods, sets)) text += each->text({"metadata", "name"});
    return text;
  };
  EXPECT_EQ(names({"apps", "Deployment", "shop", "web"}), "a");
  EXPECT_EQ(names({"batch", "Job", "shop", "web"}), "c");
  EXPECT_EQ(names({"", "Pod", "shop", "b"}), "b");
  EXPECT_EQ(names({"apps", "Deployment", "else", "web"}), "");
}

}  // namespace
}  // namespace holdfast::bootstrap
