// SPDX-License-Identifier: Apache-2.0
// A repository on disk from its first commit on: clusters and applications are added, lint reads it as
// the engine would.
#include "commands/repo.h"

#include "base/handle.h"
#include "commands/repo_lint.h"
#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

class RepoOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    init.folder = folder / "fleet";
    init.cluster.name = "demo";
    init.sample = "hello";
    lint.folder = add_app.folder = add_cluster.folder = init.folder;
  }

  void write(const std::string& path, std::string_view text) const {
    fs::create_directories((fs::path(init.folder) / path).parent_path());
    std::ofstream(fs::path(init.folder) / path) << text;
  }

  // What the command prints; its error's code stands at the end.
  template <class Options>
  std::string said(Result<> (*command)(const Options&, Console&), const Options& options) const {
    const FileDescriptor out(::memfd_create("said", MFD_CLOEXEC));
    const ManualClock clock;
    Console console(out.get(), out.get(), Output::text, clock);
    const auto result = command(options, console);
    std::ifstream in(fmt::format("/proc/self/fd/{}", out.get()));
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!result) text += fmt::format("{}: {}", row_of(result.error().code()).name, result.error().what());
    return text;
  }

  const TemporaryFolder folder{"repo"};
  RepoInitOptions init;
  RepoAddAppOptions add_app;
  RepoAddClusterOptions add_cluster;
  RepoLintOptions lint;
};

TEST_F(RepoOnDisk, StartsWithoutAMistakeAndIsLeftAloneTheSecondTime) {
  EXPECT_TRUE(said(run_repo_init, init).contains("first commit"));
  EXPECT_EQ(said(run_repo_lint, lint), "0 errors, 0 warnings\n");
  EXPECT_TRUE(said(run_repo_init, init).contains("nothing was changed"));
}

TEST_F(RepoOnDisk, TakesFurtherClustersAndApplications) {
  said(run_repo_init, init);
  add_cluster.cluster.name = "staging";
  EXPECT_TRUE(said(run_repo_add_cluster, add_cluster).contains(" + cluster/staging/app-of-apps/root.yaml\n"));
  EXPECT_TRUE(said(run_repo_add_cluster, add_cluster).contains("there is a cluster \"staging\" already"));

  write("internal/web/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n");
  add_app.name = "web";
  add_app.directory = "internal/web";
  EXPECT_TRUE(said(run_repo_add_app, add_app).contains("the repository has several clusters"));
  add_app.cluster = "staging";
  const auto added = said(run_repo_add_app, add_app);
  EXPECT_TRUE(added.contains(" + cluster/staging/app-of-apps/web.yaml\n")) << added;
  EXPECT_FALSE(fs::exists(fs::path(init.folder) / "cluster/demo/app-of-apps/web.yaml"));
  EXPECT_EQ(said(run_repo_lint, lint), "0 errors, 0 warnings\n");
}

TEST_F(RepoOnDisk, RefusesAnApplicationThatItCannotPlace) {
  said(run_repo_init, init);
  struct Row {
    std::string chart, directory, text;
  };
  for (const auto& row : {Row{"", "", "an application has one source, 0 are given"},
                          Row{"internal/hello", "internal/hello", "2 are given"},
                          Row{"", "../elsewhere", "is not a path inside the repository"},
                          Row{"internal/none", "", "there is no folder \"internal/none\""}}) {
    add_app.name = "web";
    add_app.chart = row.chart;
    add_app.directory = row.directory;
    const auto text = said(run_repo_add_app, add_app);
    EXPECT_TRUE(text.contains(row.text)) << text;
  }
}

TEST_F(RepoOnDisk, IsLintedAsTheEngineWouldReadIt) {
  struct Row {
    std::string_view path, text, finding;
  };
  for (const auto& row : {
           Row{"internal/hello/templates/broken.yaml", "kind: ConfigMap\n  indent: wrong\n", "broken.yaml:2"},
           Row{"internal/hello/templates/floating.yaml",
               "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: \"web:latest\"}]}\n",
               "image \"web:latest\" has no fixed tag"},
           Row{"internal/hello/templates/secret.yaml",
               "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n", "Secret s stands in Git as plain text"},
           Row{"cluster/demo/cluster.toml", "[cluster]\nname = \"demo\"\nnmae = \"x\"\n", "cluster.toml"},
           Row{"cluster/demo/app-of-apps/kustomization.yaml", "resources: [none.yaml]\n", "none.yaml"},
       }) {
    fs::remove_all(init.folder);
    said(run_repo_init, init);
    write(std::string(row.path), row.text);
    const auto text = said(run_repo_lint, lint);
    EXPECT_TRUE(text.contains(row.finding)) << row.path << "\n" << text;
    EXPECT_FALSE(text.contains("0 errors, 0 warnings")) << row.path;
  }
}

TEST_F(RepoOnDisk, LintSeesAnObjectOfTwoApplications) {
  said(run_repo_init, init);
  for (const std::string name : {"one", "two"}) {
    write("internal/" + name + "/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: same}\n");
    add_app.name = name;
    add_app.directory = "internal/" + name;
    add_app.target_namespace = "shared";
    said(run_repo_add_app, add_app);
  }
  const auto text = said(run_repo_lint, lint);
  EXPECT_TRUE(text.contains("ConfigMap same is in one and in two")) << text;
}

}  // namespace
}  // namespace holdfast::bootstrap
