// SPDX-License-Identifier: Apache-2.0
#include "agent/generate_paths.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::agent {
namespace {

TEST(GeneratePaths, AreSeenFromTheRoot) {
  struct Case {
    std::string_view annotation, source_path;
    std::vector<std::string> want;
  };

  for (const auto& [annotation, source_path, want] : std::to_array<Case>({
           {"", "apps/web", {}},
           {".", "apps/web", {"apps/web"}},
           {".; /shared ;;", "apps/web", {"apps/web", "shared"}},
           {"../lib;./charts/", "apps/web", {"apps/lib", "apps/web/charts"}},
           {"/", "apps/web", {""}},
           {".", ".", {""}},
       })) {
    EXPECT_EQ(refresh_paths(annotation, source_path), want) << annotation;
  }
}

TEST(GeneratePaths, DecideWhichCommitsCount) {
  struct Case {
    std::vector<std::string> watched, files;
    bool want;
  };

  for (const auto& [watched, files, want] : std::to_array<Case>({
           {{"apps/web"}, {"apps/web/x.yaml"}, true},
           {{"apps/web"}, {"apps/web2/x.yaml"}, false},
           {{"apps/web"}, {"apps/web"}, true},
           {{"apps/web"}, {"README.md", "apps/other/y"}, false},
           {{"apps/web", "shared"}, {"README.md", "shared/y"}, true},
           {{"apps/*/values.yaml"}, {"apps/web/values.yaml"}, true},
           {{"apps/*/values.yaml"}, {"apps/web/sub/values.yaml"}, false},
           {{""}, {"anything"}, true},
           {{}, {"anything"}, true},
           {{"apps/web"}, {}, true},
       })) {
    EXPECT_EQ(touches(watched, files), want);
  }
}

}  // namespace
}  // namespace holdfast::agent
