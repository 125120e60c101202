// SPDX-License-Identifier: Apache-2.0
#include "kustomize/kustomize.h"

#include "kustomize/generators.h"
#include "kustomize/resource_id.h"
#include "tree/memory_tree.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>

namespace holdfast::kustomize {
namespace {

constexpr std::string_view config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n";

std::string built(const tree::MemoryTree& tree, std::string_view directory = "") {
  const auto result = build(tree, directory);
  return result ? print(*result) : render_error(result.error(), "nothing was changed");
}

TEST(ResourceId, AnAbsentNamespaceIsDefault) {
  const ResourceId without{.gvk = {"", "v1", "ConfigMap"}, .name = "a", .space = ""};
  const ResourceId with{.gvk = {"", "v1", "ConfigMap"}, .name = "a", .space = "default"};
  EXPECT_TRUE(same(without, with));
  EXPECT_EQ(without.key(), with.key());
  EXPECT_EQ(to_string(without), "ConfigMap.v1.[noGrp]/a.[noNs]");
}

TEST(ResourceId, KindsSortInTheLegacyOrder) {
  EXPECT_LT(kind_rank("Namespace"), kind_rank("Deployment"));
  EXPECT_LT(kind_rank("Deployment"), kind_rank("Ingress"));
  EXPECT_LT(kind_rank("Ingress"), kind_rank("ValidatingWebhookConfiguration"));
}

TEST(Build, WhatTheGeneratedRepositoryUses) {
  const tree::MemoryTree tree({
      {"overlay/kustomization.yaml",
       "resources: [../base]\nnamespace: shop\nimages:\n- {name: hello, newTag: \"2\"}\n"
       "labels:\n- pairs: {team: shop}\npatches:\n- path: p.yaml\n"},
      {"overlay/p.yaml",
       "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n"},
      {"base/kustomization.yaml", "resources: [web.yaml]\n"},
      {"base/web.yaml",
       "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n"
       "  template:\n    spec:\n      containers:\n      - {name: web, image: \"hello:1\"}\n"},
  });
  EXPECT_EQ(
      built(tree, "overlay"),
      "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  labels:\n    team: shop\n  name: web\n"
      "  namespace: shop\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n"
      "      - image: hello:2\n        name: web\n");
}

TEST(Build, UnwrittenNullsGoWithTheFirstPatch) {
  const tree::MemoryTree tree({
      {"kustomization.yaml", "resources: [r.yaml]\npatches:\n- path: p.yaml\n"},
      {"r.yaml", std::string(config_map) + "data:\n  gone:\n  stays: null\n"},
      {"p.yaml", std::string(config_map) + "data:\n  more: x\n"},
  });
  EXPECT_EQ(
      built(tree),
      "apiVersion: v1\ndata:\n  more: x\n  stays: null\nkind: ConfigMap\nmetadata:\n  name: a\n");
}

TEST(Build, AnnotationsAreTextsAsTheFileSpellsThem) {
  const tree::MemoryTree tree({
      {"kustomization.yaml", "resources: [r.yaml]\n"},
      {"r.yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  annotations: {p: 1.50, q: true, "
       "o: 0x1F}\n"},
  });
  EXPECT_EQ(built(tree),
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  annotations:\n    o: \"0x1F\"\n    p: "
            "\"1.50\"\n"
            "    q: \"true\"\n  name: a\n");
}

TEST(Build, GeneratedNamesAreFollowed) {
  const tree::MemoryTree tree({
      {"kustomization.yaml",
       "resources: [p.yaml]\nnamePrefix: x-\nconfigMapGenerator:\n- name: settings\n  literals: "
       "[a=b]\n"},
      {"p.yaml",
       "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  volumes:\n  - name: v\n"
       "    configMap: {name: settings}\n"},
  });
  const auto text = built(tree);
  const auto name = text.find("name: x-settings-");
  ASSERT_NE(name, std::string::npos) << text;
  EXPECT_NE(text.find("name: x-settings-", name + 1), std::string::npos) << text;
}

TEST(Build, ALabelThatOneEntryMakesInSeveralMapsIsOne) {
  const tree::MemoryTree tree({
      {"top/kustomization.yaml", "resources: [../base]\nlabels:\n- pairs: {team: red}\n"},
      {"base/kustomization.yaml",
       "resources: [s.yaml]\nlabels:\n- pairs: {team: blue}\n  includeSelectors: true\n"},
      {"base/s.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"},
  });
  EXPECT_EQ(built(tree, "top"),
            "apiVersion: v1\nkind: Service\nmetadata:\n  labels:\n    team: red\n  name: s\n"
            "spec:\n  selector:\n    team: red\n");
}

TEST(Build, ReplacementsInYamlTextsKeepTheirOrder) {
  const tree::MemoryTree tree({
      {"kustomization.yaml",
       "resources: [c.yaml]\nreplacements:\n- sourceValue: new\n  targets:\n"
       "  - select: {kind: ConfigMap}\n    fieldPaths: [data.conf.server.host]\n"},
      {"c.yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  conf: |\n    server:\n"
       "      host: old # here\n      port: 80\n    also: x\n"},
  });
  EXPECT_EQ(
      built(tree),
      "apiVersion: v1\ndata:\n  conf: |-\n    server:\n      host: new # here\n      port: 80\n"
      "    also: x\nkind: ConfigMap\nmetadata:\n  name: c\n");
}

TEST(Hash, DoesNotDependOnTheName) {
  Value one, two;
  for (Value* each : {&one, &two}) {
    (*each)["kind"] = "ConfigMap";
    (*each)["data"]["a"] = "b";
  }
  one["metadata"]["name"] = "one";
  two["metadata"]["name"] = "two";
  EXPECT_EQ(content_hash(one), content_hash(two));
  EXPECT_EQ(content_hash(one).size(), 10U);
}

TEST(Limits, EndABuildThatIsTooLarge) {
  tree::MemoryTree tree;
  std::string list = "resources:\n";
  for (int i = 0; i < 20; ++i) {
    list += fmt::format("- r{}.yaml\n", i);
    tree.add(fmt::format("r{}.yaml", i),
             fmt::format("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a{}\n", i));
  }
  tree.add("kustomization.yaml", list);
  Options options;
  options.limits.resources = 10;
  const auto result = build(tree, "", options);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::limit);
}

// The same as the fuzz target, without libFuzzer: seeded, small, in every run.
TEST(Build, SurvivesDamagedInput) {
  const std::string kustomization =
      "resources: [r.yaml]\nnamespace: n\nnamePrefix: p-\nlabels:\n- pairs: {a: b}\n  "
      "includeSelectors: true\n"
      "patches:\n- path: p.yaml\n- target: {kind: Service}\n  patch: |-\n    - op: add\n      "
      "path: /spec/x\n"
      "      value: {y: [1, 2]}\nreplacements:\n- source: {kind: Service, fieldPath: "
      "spec.ports.0.port}\n"
      "  targets:\n  - select: {kind: Pod}\n    fieldPaths: "
      "[spec.containers.*.ports.0.containerPort]\n";
  const std::string resources =
      "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec:\n  ports:\n  - port: 80\n---\n"
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {a: 1.10}}\nspec:\n  "
      "containers:\n"
      "  - name: c\n    image: a/b:1\n    ports: [{containerPort: 1}, {containerPort: 2, protocol: "
      "UDP}]\n";
  const std::string patch =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n    "
      "$patch: merge\n"
      "    ports:\n    - containerPort: 1\n      name: x\n  volumes:\n";
  std::mt19937 random(20261123);
  const auto damaged = [&](std::string text) {
    static constexpr std::string_view bytes = " :-[]{}\n\t'\"|>&*!%@`#,0a~$\x7f\xff";
    for (int i = 0; i < 3; ++i) {
      const auto at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = bytes[random() % bytes.size()]; break;
        case 1: text.erase(at, 1 + random() % 8); break;
        case 2: text.insert(at, 1, bytes[random() % bytes.size()]); break;
      }
      if (text.empty()) text = "a";
    }
    return text;
  };
  for (int round = 0; round < 600; ++round) {
    const auto which = random() % 3;
    const tree::MemoryTree tree(
        {{"kustomization.yaml", which == 0 ? damaged(kustomization) : kustomization},
         {"r.yaml", which == 1 ? damaged(resources) : resources},
         {"p.yaml", which == 2 ? damaged(patch) : patch}});
    EXPECT_FALSE(built(tree).empty() && round < 0);
  }
}

}  // namespace
}  // namespace holdfast::kustomize
