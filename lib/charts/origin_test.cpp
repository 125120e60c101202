// SPDX-License-Identifier: Apache-2.0
#include "charts/origin.h"

#include "archive/tar_reader.h"
#include "charts/charts.h"
#include "charts/with_charts.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::charts {
namespace {

using Files = tree::MemoryTree::Files;

Files vendored(const std::string& folder, const std::string& version, const std::string& source) {
  Files files{{folder + "/Chart.yaml", "name: web\nversion: " + version + "\n"}};
  Origin origin{.source = source, .chart = "web", .version = version, .digest = {}, .files = {}, .licence = "MIT"};
  origin.files = files_digest(tree::MemoryTree(files), folder).value();
  files[folder + "/origin.toml"] = write_origin(origin);
  return files;
}

TEST(Origin, IsReadAsItWasWritten) {
  const Origin origin{.source = "https://charts.example.com/\"x\\",
                      .chart = "web",
                      .version = "1.2.0+build",
                      .digest = crypto::sha256("a"),
                      .files = crypto::sha256("b"),
                      .licence = "Apache-2.0"};
  const auto read = parse_origin(write_origin(origin), "origin.toml");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_EQ(read->source, origin.source);
  EXPECT_EQ(read->version, origin.version);
  EXPECT_EQ(read->digest, origin.digest);
  EXPECT_EQ(read->files, origin.files);
  EXPECT_FALSE(parse_origin("chart = 'web'\n", "origin.toml"));
  EXPECT_FALSE(parse_origin(write_origin(origin) + "more = 1\n", "origin.toml"));
}

TEST(Vendored, IsFoundByUrlChartAndVersion) {
  Files files = vendored("external/web", "1.2.0", "https://charts.example.com/");
  files.merge(vendored("external/web-old", "1.1.0", "https://charts.example.com"));
  files.merge(vendored("external/oci", "2.0.0", "oci://r.example.com/charts"));
  files["external/plain/x.yaml"] = "";
  files["external/broken/origin.toml"] = "no toml";
  const tree::MemoryTree tree(files);

  struct Case {
    std::string_view url, chart, wanted, want;
  };

  for (const auto& [url, chart, wanted, want] : std::to_array<Case>({
           {"https://charts.example.com", "web", "1.2.0", "external/web"},
           {"https://charts.example.com/", "web", "1.x", "external/web"},
           {"https://charts.example.com", "web", "1.1.0", "external/web-old"},
           {"https://charts.example.com", "web", "3.x", ""},
           {"https://charts.example.com", "other", "1.x", ""},
           {"https://other.example.com", "web", "1.x", ""},
           {"r.example.com/charts", "web", "2.0.0", "external/oci"},
       })) {
    const auto found = find_vendored(tree, url, chart, wanted);
    ASSERT_TRUE(found) << found.error().message();
    EXPECT_EQ(*found ? (*found)->folder : "", want) << url << " " << wanted;
  }
}

TEST(Vendored, WhatWasChangedByHandIsNotTheRepositorys) {
  Files files = vendored("external/web", "1.2.0", "https://charts.example.com");
  files["external/web/Chart.yaml"] += "# changed\n";
  EXPECT_FALSE(*find_vendored(tree::MemoryTree(files), "https://charts.example.com", "web", "1.2.0"));
}

TEST(Licence, IsWhatTheChartSays) {
  struct Case {
    Files files;
    std::string_view want;
  };

  for (const auto& [files, want] : std::to_array<Case>({
           {{{"Chart.yaml", "annotations: {artifacthub.io/license: MIT}"}, {"LICENSE", "Apache License"}}, "MIT"},
           {{{"Chart.yaml", "annotations: {licenses: Apache-2.0}"}}, "Apache-2.0"},
           {{{"Chart.yaml", "{}"}, {"LICENSE", "   Apache License\n Version 2.0"}}, "Apache-2.0"},
           {{{"Chart.yaml", "{}"}, {"LICENSE", "do what you want"}}, "unknown"},
           {{{"Chart.yaml", "{}"}}, "unknown"},
       })) {
    EXPECT_EQ(licence_of(tree::MemoryTree(files)).value(), want);
  }
}

TEST(WithCharts, PackagesLieBesideWhatIsThere) {
  const auto below = std::make_shared<tree::MemoryTree>(
      Files{{"app/Chart.yaml", "x"}, {"app/charts/lib/Chart.yaml", "y"}, {"other/a", ""}});
  WithCharts tree(below, "app");
  tree.add("db-1.0.0.tgz", "bytes");
  EXPECT_EQ(tree.read("app/charts/db-1.0.0.tgz").value(), "bytes");
  EXPECT_EQ(tree.list("app/charts").value(),
            (std::vector<tree::Entry>{{"db-1.0.0.tgz", tree::EntryKind::file}, {"lib", tree::EntryKind::directory}}));
  EXPECT_EQ(tree.kind("other/charts").value(), std::nullopt);

  WithCharts bare(std::make_shared<tree::MemoryTree>(Files{{"Chart.yaml", "x"}}), "");
  bare.add("db-1.0.0.tgz", "bytes");
  EXPECT_EQ(bare.kind("charts").value(), tree::EntryKind::directory);
  EXPECT_EQ(tree::walk(bare, "").value(), (std::vector<std::string>{"Chart.yaml", "charts/db-1.0.0.tgz"}));
}

TEST(Pack, IsReadBackAsAChart) {
  const tree::MemoryTree tree(Files{{"libs/db/Chart.yaml", "name: db\n"}, {"libs/db/templates/x.yaml", "x"}});
  const auto bytes = pack(tree, "libs/db", "db");
  ASSERT_TRUE(bytes);
  EXPECT_EQ(unpack(*bytes, Content::chart, {})->files().at("templates/x.yaml"), "x");
}

}  // namespace
}  // namespace holdfast::charts
