// SPDX-License-Identifier: Apache-2.0
#include "repository.h"

#include <gtest/gtest.h>

namespace holdfast::bootstrap {
namespace {

Files with_hello(const ClusterSettings& settings) {
  Files files = scaffold_repository(settings).value();
  const Files hello = scaffold_hello(tree::MemoryTree(files), settings).value();
  for (const auto& [path, content] : hello) files[path] = content;
  return files;
}

TEST(Scaffold, WritesThePrimersLayout) {
  const Files files = with_hello({.name = "demo"});
  for (const auto* path : {"README.md", "holdfast.toml", "cluster/demo/cluster.toml", "cluster/demo/cfg/argo-cd/Chart.yaml",
                           "cluster/demo/cfg/argo-cd/values.yaml", "cluster/demo/app-of-apps/kustomization.yaml",
                           "cluster/demo/app-of-apps/root.yaml", "cluster/demo/app-of-apps/argo-cd.yaml",
                           "cluster/demo/app-of-apps/hello.yaml", "cluster/demo/app-of-apps/projects/platform.yaml",
                           "cluster/demo/overlay/hello/values.yaml", "internal/hello/Chart.yaml"}) {
    EXPECT_TRUE(files.contains(path)) << path;
  }
}

TEST(Scaffold, LeavesNoVariableUnfilled) {
  for (const auto& [path, content] : with_hello({.name = "demo"})) {
    EXPECT_FALSE(path.contains('@')) << path;
    for (const auto* name : {"@cluster@", "@namespace@", "@git_", "@branch@", "@version@", "@agent_", "@hello_", "@repository@"}) {
      EXPECT_EQ(content.find(name), std::string::npos) << path << " has " << name;
    }
  }
}

TEST(Scaffold, AnExternalGitServerReplacesTheBuiltInOne) {
  const Files files = scaffold_repository({.name = "demo", .git_url = "https://git.example/fleet.git"}).value();
  EXPECT_NE(files.at("cluster/demo/app-of-apps/root.yaml").find("repoURL: https://git.example/fleet.git"), std::string::npos);
  EXPECT_NE(files.at("cluster/demo/cluster.toml").find("mode = \"external\""), std::string::npos);
}

TEST(Scaffold, AddsAnApplicationAtTheEndOfTheResources) {
  Files files = scaffold_repository({.name = "demo"}).value();
  files["cluster/demo/app-of-apps/kustomization.yaml"] =
      "resources:\n- root.yaml\n# the last one\n- argo-cd.yaml\n\nsortOptions:\n  order: fifo\n";
  const auto added = scaffold_app(tree::MemoryTree(files), {.name = "demo"},
                                  {.name = "web", .path = "internal/web", .source = AppSource::chart, .target_namespace = {}});
  ASSERT_TRUE(added) << added.error().message();
  EXPECT_EQ(added->at("cluster/demo/app-of-apps/kustomization.yaml"),
            "resources:\n- root.yaml\n# the last one\n- argo-cd.yaml\n\n- web.yaml\nsortOptions:\n  order: fifo\n");
  EXPECT_TRUE(added->contains("cluster/demo/overlay/web/values.yaml"));
}

TEST(Scaffold, RefusesNamesThatKubernetesWould) {
  for (const auto* name : {"", "Demo", "a_b", "-a", "a-", "../x", "a.b"}) {
    EXPECT_EQ(scaffold_repository({.name = name}).error().code(), Code::usage) << name;
  }
}

TEST(Scaffold, RefusesAnApplicationThatExists) {
  const tree::MemoryTree repository(with_hello({.name = "demo"}));
  for (const auto* name : {"hello", "root", "argo-cd"}) {
    const AppSettings app{.name = name, .path = "internal/x", .source = AppSource::directory, .target_namespace = {}};
    EXPECT_EQ(scaffold_app(repository, {.name = "demo"}, app).error().code(), Code::object_exists) << name;
  }
  const AppSettings app{.name = "web", .path = "internal/x", .source = AppSource::directory, .target_namespace = {}};
  EXPECT_EQ(scaffold_app(repository, {.name = "prod"}, app).error().code(), Code::repo_layout);
}

}  // namespace
}  // namespace holdfast::bootstrap
