// SPDX-License-Identifier: Apache-2.0
#include "charts/dependencies.h"

#include "tree/memory_tree.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::charts {
namespace {

using Files = tree::MemoryTree::Files;

std::string shown(const Files& files) {
  const auto missing = missing_charts(tree::MemoryTree(files), "app");
  if (!missing) return missing.error().what();
  std::string out;
  for (const auto& each : *missing)
    out += fmt::format("{} {} {};", each.name, each.version, each.repository);
  return out;
}

const std::string head = "apiVersion: v2\nname: app\nversion: 1.0.0\n";
const std::string two = head +
                        "dependencies:\n"
                        "- {name: db, version: '>=1.0.0', repository: 'https://charts.example.com'}\n"
                        "- {name: lib, version: 2.x.x, repository: 'oci://r.example.com/x', "
                        "condition: lib.on, tags: [a]}\n";
// The digest is what Helm's HashReq makes of the two above and the two below.
const std::string digest = "sha256:527610f5ffa83fee7e6f6e28a2e0419bde318d07ad86075cae28b9a460c9ddb7";
const std::string lock =
    "dependencies:\n- name: db\n  repository: https://charts.example.com\n  version: 1.4.2\n"
    "- name: lib\n  repository: oci://r.example.com/x\n  version: 2.3.0\n"
    "digest: " +
    digest + "\n";

TEST(MissingCharts, AreThoseThatAreNotInCharts) {
  struct Case {
    std::string_view name;
    Files files;
    std::string_view want;
  };

  const auto cases = std::to_array<Case>({
      {"no chart", {{"app/x.yaml", ""}}, ""},
      {"no dependencies", {{"app/Chart.yaml", head}}, ""},
      {"both missing",
       {{"app/Chart.yaml", two}},
       "db >=1.0.0 https://charts.example.com;lib 2.x.x oci://r.example.com/x;"},
      {"one as a package",
       {{"app/Chart.yaml", two}, {"app/charts/db-1.0.0.tgz", ""}},
       "lib 2.x.x oci://r.example.com/x;"},
      {"a package of a longer name is another chart",
       {{"app/Chart.yaml", two}, {"app/charts/db-extra-1.0.0.tgz", ""}, {"app/charts/lib-2.0.0.tgz", ""}},
       "db >=1.0.0 https://charts.example.com;"},
      {"both as folders, whatever they are called",
       {{"app/Chart.yaml", two},
        {"app/charts/a/Chart.yaml", "name: db"},
        {"app/charts/b/Chart.yaml", "name: lib"}},
       ""},
      {"of requirements.yaml",
       {{"app/Chart.yaml", "apiVersion: v1\nname: app\nversion: 1.0.0\n"},
        {"app/requirements.yaml", "dependencies: [{name: db, version: '1', repository: '@my'}]"}},
       "db 1 @my;"},
      {"without a repository",
       {{"app/Chart.yaml", head + "dependencies: [{name: db, version: '1'}]"}},
       "chart \"db\" is not in charts/ and has no repository"},
      {"of a strange repository",
       {{"app/Chart.yaml", head + "dependencies: [{name: db, version: '1', repository: 'ftp://x'}]"}},
       "chart \"db\" has repository \"ftp://x\", which Helm does not know"},
      {"with the versions of the lock",
       {{"app/Chart.yaml", two}, {"app/Chart.lock", lock}},
       "db 1.4.2 https://charts.example.com;lib 2.3.0 oci://r.example.com/x;"},
      {"with a lock of other dependencies",
       {{"app/Chart.yaml", head + "dependencies: [{name: db, version: '1', repository: '@my'}]"},
        {"app/Chart.lock", lock}},
       "the lock file is out of sync with the dependencies file"},
      {"a lock that does not fit matters to nobody while all are there",
       {{"app/Chart.yaml", head + "dependencies: [{name: db, version: '1', repository: '@my'}]"},
        {"app/Chart.lock", lock},
        {"app/charts/db-1.0.0.tgz", ""}},
       ""},
  });
  for (const auto& [name, files, want] : cases)
    EXPECT_EQ(shown(files), want) << name;
}

}  // namespace
}  // namespace holdfast::charts
