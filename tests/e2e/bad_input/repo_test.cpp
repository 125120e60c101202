// SPDX-License-Identifier: Apache-2.0
// `repo init`, `add-cluster`, `add-app` and `lint` on real repositories, with the stock git as judge.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/text.h"
#include "world.h"

namespace holdfast::e2e {
namespace {

namespace fs = std::filesystem;

class Repository : public testing::Test {
 protected:
  // Whole, and nothing in the work tree that is not committed.
  void expect_sound(const std::string& folder) const {
    world.must(fmt::format("git -C {} fsck --strict", folder));
    EXPECT_EQ(world.must(fmt::format("git -C {} status --porcelain", folder)), "");
    EXPECT_EQ(world.must(fmt::format("holdfast repo lint {}", folder)), "0 errors, 0 warnings\n");
  }

  [[nodiscard]] std::string head(const std::string& folder) const { return world.must(fmt::format("git -C {} rev-parse HEAD", folder)); }

  // What the last commit touched, as git names it.
  [[nodiscard]] std::string last_commit(const std::string& folder) const {
    return world.must(fmt::format("git -C {} show --name-status --format=%s", folder));
  }

  World world;
};

TEST_F(Repository, InitMakesOneCommitAndDoesNothingTheSecondTime) {
  expect_sound("fleet");
  EXPECT_EQ(world.must("git -C fleet log --format=%s"), "Start of cluster demo\n");
  EXPECT_EQ(world.must("git -C fleet symbolic-ref HEAD"), "refs/heads/main\n");
  const auto before = world.look("fleet");
  EXPECT_TRUE(world.must("holdfast repo init fleet --cluster demo --sample hello").contains("nothing was changed"));
  EXPECT_EQ(world.look("fleet"), before);
}

TEST_F(Repository, InitTakesAnEmptyFolderAndAnotherBranch) {
  fs::create_directories(world.path("deep/trunk"));
  world.must("holdfast repo init deep/trunk --cluster demo --branch team/main");
  expect_sound("deep/trunk");
  EXPECT_EQ(world.must("git -C deep/trunk symbolic-ref HEAD"), "refs/heads/team/main\n");
}

TEST_F(Repository, AddAppCommitsItsFilesForEachKindOfSource) {
  world.write("fleet/internal/plain/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: plain\n");
  world.write("fleet/internal/custom/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: custom\n");
  world.write("fleet/internal/custom/kustomization.yaml", "resources:\n  - config.yaml\n");
  world.must("git -C fleet add internal");
  world.must("git -C fleet -c user.name=me -c user.email=me@localhost commit -q -m sources");
  world.must("holdfast repo add-app web --repo fleet --chart internal/hello");
  EXPECT_EQ(last_commit("fleet"), "Add web to cluster demo\n\n"
                                  "M\tcluster/demo/app-of-apps/kustomization.yaml\n"
                                  "A\tcluster/demo/app-of-apps/web.yaml\n"
                                  "A\tcluster/demo/overlay/web/values.yaml\n");
  world.must("holdfast repo add-app plain --repo fleet --directory internal/plain --into things");
  EXPECT_EQ(last_commit("fleet"), "Add plain to cluster demo\n\n"
                                  "M\tcluster/demo/app-of-apps/kustomization.yaml\n"
                                  "A\tcluster/demo/app-of-apps/plain.yaml\n");
  world.must("holdfast repo add-app custom --repo fleet --kustomize internal/custom/");
  expect_sound("fleet");
  for (const auto* name : {"web", "plain", "custom"}) {
    EXPECT_TRUE(world.must(fmt::format("holdfast repo render {} --repo fleet", name)).contains(fmt::format("name: {}", name)));
  }
}

TEST_F(Repository, AddClusterIsASecondClusterOfTheSameRepository) {
  world.must("holdfast repo add-cluster production --repo fleet");
  expect_sound("fleet");
  EXPECT_TRUE(world.must("holdfast repo render argo-cd --repo fleet --cluster production").contains("kind: Deployment"));
  const auto ran = world.run("holdfast repo render --repo fleet");
  EXPECT_TRUE(ran.err.contains("the repository has several clusters\n  where:   it has: demo, production\n")) << ran.err;
}

TEST_F(Repository, WhatTheUserHasChangedStaysAndIsNotCommitted) {
  world.must("git clone -q fleet mine");
  world.write("mine/README.md", "mine\n");
  world.write("mine/staged.md", "staged\n");
  world.write("mine/untracked.md", "untracked\n");
  world.must("git -C mine add staged.md");
  world.must("holdfast repo add-app web --repo mine --chart internal/hello");
  EXPECT_EQ(world.must("git -C mine status --porcelain"), " M README.md\nA  staged.md\n?? untracked.md\n");
  EXPECT_FALSE(last_commit("mine").contains(".md"));
  EXPECT_EQ(world.read("mine/README.md"), "mine\n");
}

TEST_F(Repository, AddAppChangesNothingWhereItCannotCommit) {
  const struct {
    const char* name;
    std::vector<const char*> before;
    const char* text;
  } cases[] = {
      {"a folder that is a symbolic link out of the repository",
       {"mv fleet/cluster/demo/overlay elsewhere", "ln -s ../../../elsewhere fleet/cluster/demo/overlay"},
       "error HF-E-3006: \"overlay\" is a symbolic link, and links are not written through\n"
       "  where:   ~/fleet/cluster/demo/overlay/web\n"
       "  nothing was changed\n"
       "  fix:     put a folder in the link's place\n"
       "  more:    holdfast explain HF-E-3006\n"},
      {"another git at work",
       {"touch fleet/.git/index.lock"},
       "error HF-E-1015: another git works in this repository\n"
       "  where:   ~/fleet/.git/index.lock\n"
       "  nothing was changed\n"
       "  fix:     wait until it has ended; if none runs, remove that file\n"
       "  more:    holdfast explain HF-E-1015\n"},
      {"no branch",
       {"git -C fleet checkout -q --detach"},
       "error HF-E-3022: HEAD is on no branch\n"
       "  where:   fleet\n"
       "  nothing was changed\n"
       "  fix:     go to a branch: git switch main\n"
       "  more:    holdfast explain HF-E-3022\n"},
      {"no Git at all",
       {"rm -r fleet/.git"},
       "error HF-E-3022: \"fleet\" is in no Git repository\n"
       "  nothing was changed\n"
       "  fix:     make it one: git init\n"
       "  more:    holdfast explain HF-E-3022\n"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    const World here;
    for (const auto* line : test.before) here.must(line);
    const auto seen = [&] {
      auto all = here.look();
      std::erase_if(all, [](const auto& entry) { return entry.first.contains("/.git/objects"); });
      return all;
    };
    const auto before = seen();
    const auto ran = here.run("holdfast repo add-app web --repo fleet --chart internal/hello");
    EXPECT_EQ(here.masked(ran.err), test.text);
    EXPECT_EQ(seen(), before);
  }
}

// The mistakes that people make in such a repository, and the line that lint prints for each.
TEST_F(Repository, LintNamesTheCommonestMistakes) {
  const std::string apps = "cluster/demo/app-of-apps/";
  const struct {
    const char* name;
    std::string file, from, to;  // the first `from` becomes `to`; "" appends
    std::string want;
    int exit = 1;
  } cases[] = {
      {"a bracket that is not closed", "cluster/demo/overlay/hello/values.yaml", "replicas: 1", "replicas: [1",
       "cluster/demo/overlay/hello/values.yaml:4:1  error  HF-E-3009  the text is not YAML: did not find expected ',' or ']'\n"},
      {"a tab", "cluster/demo/overlay/hello/values.yaml", "replicas: 1", "more:\n\ta: 1",
       "cluster/demo/overlay/hello/values.yaml:4:1  error  HF-E-3009  the text is not YAML: found character that cannot start any token\n"
       "    fix: indent the line with spaces: YAML takes no tabs there\n"},
      {"a misspelt key of cluster.toml", "cluster/demo/cluster.toml", "branch", "brnach",
       "cluster/demo/cluster.toml:9:2  error  HF-E-3012  'git.branch' is missing, wanted: a text in quotes\n"
       "    fix: 'brnach' is not known: rename it to 'branch'\n"},
      {"a key of cluster.toml that does not exist", "cluster/demo/cluster.toml", "", "colour = \"blue\"\n",
       "cluster/demo/cluster.toml:14:1  error  HF-E-3011  key 'git.colour' is unknown\n"},
      {"a cluster under another name", "cluster/demo/cluster.toml", "\"demo\"", "\"prod\"",
       "cluster/demo/cluster.toml:3:1  error  HF-E-3022  the folder's name is \"demo\"\n"},
      {"an application that no kustomization lists", apps + "kustomization.yaml", "  - hello.yaml\n", "",
       apps + "hello.yaml  warning  HF-E-3023  no kustomization lists this file: it has no effect\n"
       "    fix: add \"- hello.yaml\" to the resources of cluster/demo/app-of-apps/kustomization.yaml\n", 0},
      {"an application that is listed and not there", apps + "kustomization.yaml", "hello.yaml", "helo.yaml",
       apps + "kustomization.yaml:8:5  error  HF-E-3005  there is no file or directory \"cluster/demo/app-of-apps/helo.yaml\"\n"},
      {"a path that is not there", apps + "hello.yaml", "path: internal/hello", "path: internal/helo",
       apps + "hello.yaml:1:1  error  HF-E-3005  path 'internal/helo' is not in the repository\n"},
      {"a values file that is not there", apps + "hello.yaml", "overlay/hello", "overlay/helo",
       apps + "hello.yaml:1:1  error  HF-E-3005  values file 'cluster/demo/overlay/helo/values.yaml' is not there\n"},
      {"a project that does not exist", apps + "hello.yaml", "project: platform", "project: platfrom",
       apps + "hello.yaml:1:1  error  HF-E-4002  Application referencing project platfrom which does not exist\n"},
      {"a destination that the project does not permit", apps + "projects/platform.yaml", "namespace: \"*\"", "namespace: shop",
       apps + "hello.yaml:1:1  error  HF-E-4002  application destination server 'https://kubernetes.default.svc' and namespace 'hello' do not "
       "match any of the allowed destinations in project 'platform'\n"},
      {"a misspelt kind", apps + "hello.yaml", "kind: Application", "kind: Aplication",
       apps + "hello.yaml:1:1  error  HF-E-4009  the engine has no kind \"Aplication\"\n    fix: did you mean Application ?\n"},
      {"a template that is not closed", "internal/hello/templates/web.yaml", "{{ .Values.message", "{{ .Values.message | nope",
       "hello/templates/web.yaml:8:32  error  HF-E-3017  function \"nope\" not defined\n    fix: did you mean \"ne\"?\n"},
      {"a chart without Chart.yaml", "internal/hello/Chart.yaml", "name: hello", "nam: hello", "internal/hello"},
      {"an image without a fixed tag", "internal/hello/values.yaml", "holdfast.local/hello:", "holdfast.local/hello:latest #",
       "warning  HF-E-3023  image \"holdfast.local/hello:latest\" has no fixed tag: it is pulled at every start and is missing offline\n", 0},
      {"a secret in plain text", "internal/hello/templates/web.yaml", "", "---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  a: b\n",
       "warning  HF-E-3023  Secret s stands in Git as plain text\n", 0},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    const auto path = "fleet/" + test.file;
    const auto good = world.read(path);
    const auto at = test.from.empty() ? good.size() : good.find(test.from);
    ASSERT_NE(at, std::string::npos) << good;
    world.write(path, good.substr(0, at) + test.to + good.substr(at + test.from.size()));
    const auto ran = world.run("holdfast repo lint fleet");
    EXPECT_EQ(ran.exit, test.exit) << ran.out << ran.err;
    EXPECT_TRUE(ran.out.contains(test.want)) << ran.out;
    world.write(path, good);
  }
  expect_sound("fleet");
}

TEST_F(Repository, LintSeesAnObjectOfTwoApplications) {
  world.write("fleet/internal/plain/config.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shared\n");
  for (const auto* name : {"one", "two"}) world.must(fmt::format("holdfast repo add-app {} --repo fleet --directory internal/plain --into shop", name));
  const auto ran = world.run("holdfast repo lint fleet");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(ran.out, "cluster/demo/app-of-apps/two.yaml:1:1  error  HF-E-4010  ConfigMap shared is in one and in two\n1 error, 0 warnings\n");
  EXPECT_EQ(ran.err, "error HF-E-3023: the repository has 1 mistake\n"
                     "  where:   fleet\n"
                     "  nothing was changed\n"
                     "  fix:     correct the places named above, then: holdfast repo lint\n"
                     "  more:    holdfast explain HF-E-3023\n");
}

}  // namespace
}  // namespace holdfast::e2e
