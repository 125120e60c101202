// SPDX-License-Identifier: Apache-2.0
#include "render/components.h"

#include <gtest/gtest.h>

#include "tree/memory_tree.h"
#include "value/json.h"

namespace holdfast::render {
namespace {

std::string found(std::string_view options) {
  const std::string kustomization = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n";
  const tree::MemoryTree tree(tree::MemoryTree::Files{
      {"apps/web/kustomization.yaml", ""},
      {"apps/web/own/Kustomization", kustomization},
      {"parts/.hidden/kustomization.yaml", kustomization},
      {"parts/README.md", "x"},
      {"parts/logs/kustomization.yml", kustomization},
      {"parts/tls-a/kustomization.yaml", kustomization},
      {"parts/tls-b/kustomization.yaml", kustomization},
      {"parts/empty/x.yaml", ""},
      {"more/parts/{x}/kustomization.yaml", kustomization},
  });
  const auto components = find_components(tree, "apps/web", json::parse(options, "options").value());
  return components ? json::write(*components) : components.error().message();
}

// What kustomize 5.8.1 `edit add component` writes.
TEST(Components, APatternIsWhatIsThere) {
  const struct {
    const char *options, *want;
  } table[] = {
      {R"({"components": ["../../parts/tls-*"]})", R"(["../../parts/tls-a","../../parts/tls-b"])"},
      {R"({"components": ["../../parts/*"]})",
       R"(["../../parts/README.md","../../parts/empty","../../parts/logs","../../parts/tls-a","../../parts/tls-b"])"},
      {R"({"components": ["../../parts/.h*"]})", R"(["../../parts/.hidden"])"},
      {R"({"components": ["../../parts/tls-[!b-z]"]})", R"(["../../parts/tls-b"])"},
      {R"({"components": ["../../parts/tls-[^b-z]", "own"]})", R"(["../../parts/tls-a","own"])"},
      {R"({"components": ["../../*/*/{x}"]})", R"(["../../more/parts/{x}"])"},
      {R"({"components": ["./o?n"]})", R"(["own"])"},
      {R"({"components": ["./own"]})", R"(["./own"])"},
      {R"({"components": ["../../none-*", "none", "https://github.com/acme/parts//tls?ref=v1"]})",
       R"(["../../none-*","none","https://github.com/acme/parts//tls?ref=v1"])"},
      {R"({"components": ["../../../*"]})", R"(["../../../*"])"},
      {R"({})", "[]"},
  };
  for (const auto& row : table) EXPECT_EQ(found(row.options), row.want) << row.options;
}

TEST(Components, OfThoseThatMayBeMissingEachThatIsThereCounts) {
  EXPECT_EQ(found(R"({"components": ["none", "own", "../../parts/empty", "../../parts/logs", "../../parts/tls-*", "../../../x", "own/Kustomization"],
                      "ignoreMissingComponents": true})"),
            R"(["own","../../parts/logs"])");
}

}  // namespace
}  // namespace holdfast::render
