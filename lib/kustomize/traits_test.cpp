// SPDX-License-Identifier: Apache-2.0
// Traits of the tool that nobody would guess, each found by comparing our output with that of
// kustomize v5.8.1 on random kustomizations. The texts are the tool's.
#include "kustomize/kustomize.h"
#include "tree/memory_tree.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace holdfast::kustomize {
namespace {

struct Trait {
  std::string_view sentence, kustomization, resources, want;
};

constexpr std::string_view foos =
    "apiVersion: a/v1\nkind: Foo\nmetadata:\n  name: src\nspec:\n  d: 2024-01-02\n  f: 1.10\n  h: 0x1F\n"
    "---\napiVersion: a/v1\nkind: Foo\nmetadata:\n  name: to\nspec:\n  p: plain\n";

constexpr auto traits = std::to_array<Trait>({
    {"a replacement copies a number as the file spells it",
     "resources: [r.yaml]\nsortOptions: {order: fifo}\nreplacements:\n"
     "- source: {kind: Foo, name: src, fieldPath: spec.f}\n  targets:\n"
     "  - {select: {name: to}, fieldPaths: [spec.p]}\n"
     "- source: {kind: Foo, name: src, fieldPath: spec.h}\n  targets:\n"
     "  - {select: {name: to}, fieldPaths: [spec.new], options: {create: true}}\n"
     "  - {select: {name: to}, fieldPaths: [metadata.annotations.h], options: {create: true}}\n"
     "  - {select: {name: to}, fieldPaths: [spec.p], options: {delimiter: /, index: 9}}\n"
     "- source: {kind: Foo, name: src, fieldPath: spec.d}\n  targets:\n"
     "  - {select: {name: to}, fieldPaths: [spec.p], options: {delimiter: /, index: 9}}\n"
     "- sourceValue: \"2.0\"\n  targets:\n"
     "  - {select: {name: to}, fieldPaths: [spec.p], options: {delimiter: /, index: 9}}\n",
     foos,
     "apiVersion: a/v1\nkind: Foo\nmetadata:\n  annotations:\n    h: \"0x1F\"\n  name: to\nspec:\n"
     "  new: 31\n  p: 1.10/0x1F/2024-01-02/2.0\n"},
    {"a var reads a date as the file spells it",
     "resources: [r.yaml]\nvars:\n"
     "- {name: D, objref: {kind: Foo, name: src, apiVersion: a/v1}, fieldref: {fieldpath: spec.d}}\n"
     "commonAnnotations: {at: x$(D)}\npatches:\n"
     "- {target: {name: src}, patch: \"{apiVersion: a/v1, kind: Foo, metadata: {name: x}}\"}\n",
     foos,
     "apiVersion: a/v1\nkind: Foo\nmetadata:\n  annotations:\n    at: x2024-01-02\n  name: to\nspec:\n"
     "  p: plain\n"},
    {"a JSON patch gives annotations without quotes their type",
     "resources: [r.yaml]\npatches:\n"
     "- {target: {kind: A}, patch: '[{\"op\":\"add\",\"path\":\"/x\",\"value\":1}]'}\n",
     "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n  annotations:\n    b: TRUE\n    c: \"TRUE\"\n"
     "    f: 1.10\n    g: \"1.10\"\n    h: 0x10\n    l: 123456789.5\n",
     "apiVersion: v1\nkind: A\nmetadata:\n  annotations:\n    b: \"true\"\n    c: \"TRUE\"\n"
     "    f: \"1.1\"\n    g: \"1.10\"\n    h: \"16\"\n    l: \"1.234567895e+08\"\n  name: a\nx: 1\n"},
    {"a JSON patch may copy a member that is not there",
     "resources: [r.yaml]\npatches:\n"
     "- {target: {kind: A}, patch: '[{\"op\":\"copy\",\"from\":\"/none\",\"path\":\"/x\"}]'}\n",
     "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n",
     "apiVersion: v1\nkind: A\nmetadata:\n  name: a\nx: null\n"},
    {"$patch: replace for a whole resource changes nothing",
     "resources: [r.yaml]\npatches:\n"
     "- patch: '{apiVersion: v1, kind: A, metadata: {name: a}, $patch: replace, spec: {z: 1}}'\n",
     "apiVersion: v1\nkind: A\nmetadata:\n  name: a\nspec:\n  x: 1\n",
     "apiVersion: v1\nkind: A\nmetadata:\n  name: a\nspec:\n  x: 1\n"},
    {"a patch that may change names sets annotations that are null",
     "resources: [r.yaml]\npatches:\n"
     "- patch: '{apiVersion: v1, kind: A, metadata: {name: a, annotations: {b: null}}}'\n"
     "  options: {allowNameChange: true}\n",
     "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n",
     "apiVersion: v1\nkind: A\nmetadata:\n  annotations:\n    b: \"null\"\n  name: a\n"},
    {"a mark of a local resource that says nothing counts",
     "resources: [r.yaml]\n",
     "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n---\napiVersion: v1\nkind: A\nmetadata:\n"
     "  name: b\n  annotations:\n    config.kubernetes.io/local-config:\n",
     "apiVersion: v1\nkind: A\nmetadata:\n  name: a\n"},
});

TEST(Traits, OfTheTool) {
  for (const auto& [sentence, kustomization, resources, want] : traits) {
    const tree::MemoryTree tree({{"kustomization.yaml", std::string(kustomization)},
                                 {"r.yaml", std::string(resources)}});
    const auto result = build(tree, "");
    ASSERT_TRUE(result) << sentence << ": " << result.error().message();
    std::string text = print(*result);
    // The source of what is copied stands in several cases; it is not what they are about.
    const auto source = text.find("name: src");
    if (source != std::string::npos) {
      const auto begin = text.rfind("---\n", source);
      text = begin == std::string::npos ? text.substr(text.find("---\n") + 4) : text.substr(0, begin);
    }
    EXPECT_EQ(text, want) << sentence;
  }
}

TEST(Traits, GeneratedKeysThatAreNoTextsAreRefused) {
  for (const std::string_view key : {"1", "1.5", "true", "null", "2024-01-02"}) {
    const tree::MemoryTree tree(
        {{"kustomization.yaml",
          fmt::format("configMapGenerator:\n- name: a\n  literals: ['{}=x']\n", key)}});
    const auto result = build(tree, "");
    ASSERT_FALSE(result) << key;
    EXPECT_EQ(result.error().code(), Code::kustomization) << key;
  }
}

}  // namespace
}  // namespace holdfast::kustomize
