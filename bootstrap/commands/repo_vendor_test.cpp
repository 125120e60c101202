// SPDX-License-Identifier: Apache-2.0
#include "commands/repo_vendor.h"

#include "base/handle.h"
#include "charts/origin.h"
#include "charts/with_charts.h"
#include "fakes/temporary_folder.h"
#include "git/git_tree.h"
#include "git/working.h"
#include "tree/disk_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;
using TreeFiles = tree::MemoryTree::Files;

class Vendoring : public testing::Test {
 protected:
  void SetUp() override {
    repository = folder / "fleet";
    const tree::MemoryTree files(TreeFiles{{"holdfast.toml", "layout = 1\n"}});
    ASSERT_TRUE(git::create_working(repository, "main", files,
                                    {.author_name = "t", .author_email = "t@example.com", .time = {}, .message = "start\n"}));
  }

  std::string package(const std::string& version, const TreeFiles& more = {}) const {
    TreeFiles files = more;
    files["web/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: " + version + "\nannotations: {licenses: MIT}\n";
    const auto path = folder / ("web-" + version + ".tgz");
    std::ofstream(path, std::ios::binary) << charts::pack(tree::MemoryTree(files), "web", "web").value();
    return path;
  }

  Result<> vendor(RepoVendorOptions options) {
    options.folder = repository;
    const FileDescriptor out(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    Console console(out.get(), out.get(), Output::text, clock);
    return run_repo_vendor(options, console);
  }

  std::string committed(const std::string& path) const {
    const auto state = git::inspect_working(repository).value();
    const auto tree = git::GitTree::open(state.repository, *state.head).value();
    return tree->read(path).value_or("absent");
  }

  SystemClock clock;
  const TemporaryFolder folder{"vendor"};
  fs::path repository;
};

TEST_F(Vendoring, AChartLiesInExternalWithItsOrigin) {
  ASSERT_TRUE(vendor({.chart = package("1.0.0", {{"web/templates/a.yaml", "a"}}), .source = "https://charts.example.com"}));
  EXPECT_EQ(committed("external/web/templates/a.yaml"), "a");
  const auto origin = charts::parse_origin(committed("external/web/origin.toml"), "origin.toml").value();
  EXPECT_EQ(origin.source, "https://charts.example.com");
  EXPECT_EQ(origin.version, "1.0.0");
  EXPECT_EQ(origin.licence, "MIT");
  EXPECT_TRUE(git::inspect_working(repository)->uncommitted.empty());
  const auto found = charts::find_vendored(tree::DiskTree::open(repository).value(), "https://charts.example.com", "web", "1.x");
  EXPECT_EQ((*found)->folder, "external/web");
}

TEST_F(Vendoring, ANewerVersionReplacesTheFilesOfTheOlder) {
  ASSERT_TRUE(vendor({.chart = package("1.0.0", {{"web/templates/old/a.yaml", "a"}, {"web/values.yaml", "x"}})}));
  ASSERT_TRUE(vendor({.chart = package("1.1.0", {{"web/values.yaml", "y"}})}));
  EXPECT_EQ(committed("external/web/templates/old/a.yaml"), "absent");
  EXPECT_EQ(committed("external/web/values.yaml"), "y");
  EXPECT_FALSE(fs::exists(repository / "external/web/templates"));
  EXPECT_TRUE(git::inspect_working(repository)->uncommitted.empty());
}

TEST_F(Vendoring, TheSamePackageChangesNothing) {
  const auto path = package("1.0.0");
  ASSERT_TRUE(vendor({.chart = path}));
  const auto before = git::inspect_working(repository)->head;
  ASSERT_TRUE(vendor({.chart = path}));
  EXPECT_EQ(git::inspect_working(repository)->head, before);
}

TEST_F(Vendoring, WhatSomebodyChangedIsNotOverwritten) {
  ASSERT_TRUE(vendor({.chart = package("1.0.0", {{"web/values.yaml", "x"}})}));
  std::ofstream(repository / "external/web/values.yaml") << "mine";
  const auto refused = vendor({.chart = package("1.1.0")});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "\"external/web\" was changed after it was vendored (web 1.0.0)");
  fs::create_directories(repository / "external/other");
  std::ofstream(repository / "external/other/x.yaml") << "mine";
  const auto other = vendor({.chart = package("1.1.0"), .name = "other"});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().what(), "\"external/other\" holds something that was not vendored");
}

TEST_F(Vendoring, ThePackageMustBeTheOneThatWasMeant) {
  const auto refused = vendor({.chart = package("1.0.0"), .digest = "sha256:" + std::string(64, '0')});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().what(), "the package is not the one that --digest names");
  EXPECT_FALSE(fs::exists(repository / "external"));
  EXPECT_EQ(vendor({.chart = "web"}).error().what(), "where is chart \"web\"?");
}

}  // namespace
}  // namespace holdfast::bootstrap
