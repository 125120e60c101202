// SPDX-License-Identifier: Apache-2.0
#include "render/render.h"

#include "render/detect.h"
#include "render/references.h"
#include "tree/memory_tree.h"
#include "value/json.h"
#include "yaml/yaml.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::render {
namespace {

TEST(Render, FindsTheTypeAsUpstreamDoes) {
  const tree::MemoryTree tree(tree::MemoryTree::Files{{"plain/a.yaml", ""},
                                                      {"k/kustomization.yml", ""},
                                                      {"h/Chart.yaml", ""},
                                                      {"both/Chart.yaml", ""},
                                                      {"both/Kustomization", ""},
                                                      {"deep/sub/Chart.yaml", ""}});

  struct Case {
    std::string_view folder;
    Value source;
    std::string_view want;
  };

  const auto cases = std::to_array<Case>({
      {"plain", Object(), "Directory"},
      {"k", Object(), "Kustomize"},
      {"h", Object(), "Helm"},
      {"both", Object(), "Kustomize"},
      {"deep", Object(), "Directory"},
      {"h", Object{{"directory", Object()}}, "Directory"},
      {"plain", Object{{"helm", Object()}, {"kustomize", nullptr}}, "Helm"},
      {"h", Object{{"helm", Object()}, {"kustomize", Object()}},
       "the source is both 'kustomize' and 'helm', it can be one"},
      {"h", Object{{"plugin", Object()}}, "sources of kind 'plugin' are not rendered here"},
  });
  for (const auto& [folder, source, want] : cases) {
    const auto type = detect(source, tree, folder);
    EXPECT_EQ(type ? type_name(*type) : type.error().what(), want) << folder << json::write(source);
  }
}

TEST(Render, PathsStayInsideTheRepository) {
  const tree::MemoryTree tree(tree::MemoryTree::Files{{"sub/a.yaml", ""}});

  struct Case {
    std::string_view path;
    std::string_view want;
  };

  for (const auto& [path, want] : std::to_array<Case>({
           {"", ""},
           {".", ""},
           {"./sub", "sub"},
           {"sub/../sub/", "sub"},
           {"/sub", "path '/sub' is absolute, it must start at the repository's root"},
           {"../x", "path '../x' leads out of the repository"},
           {"none", "path 'none' is not in the repository"},
           {"sub/a.yaml", "path 'sub/a.yaml' is a file, not a folder"},
       })) {
    const auto folder = source_folder(tree, path);
    EXPECT_EQ(folder ? *folder : folder.error().what(), want) << path;
  }
}

TEST(Render, TheFolderAddsOptions) {
  const tree::MemoryTree tree({
      {"p/.argocd-source.yaml", "directory: {recurse: true}\npath: elsewhere\n"},
      {"p/.argocd-source-web.yaml", "directory: {include: '*.yml'}\n"},
  });
  const Value source = Object{{"path", "p"}, {"repoURL", "r"}};
  EXPECT_EQ(json::write(*with_overrides(source, "web", tree, "p")),
            R"({"directory":{"include":"*.yml","recurse":true},"path":"p","repoURL":"r"})");
  EXPECT_EQ(json::write(*with_overrides(source, "other", tree, "p")),
            R"({"directory":{"recurse":true},"path":"p","repoURL":"r"})");
}

TEST(Render, ListsAreFlattened) {
  const tree::MemoryTree tree(tree::MemoryTree::Files{
      {"a.yaml",
       "kind: ConfigMapList\nitems:\n- {kind: A}\n- {kind: B}\n---\n"
       "kind: Odd\nitems: null\n---\nkind: Kept\nspec: {}\nitems: null\n"}});
  const auto rendered = render(Object{{"path", "."}}, {}, tree);
  ASSERT_TRUE(rendered) << rendered.error().message();
  std::string kinds;
  for (const auto& manifest : rendered->manifests)
    kinds += fmt::format("{}@{} ", manifest.object.text({"kind"}), manifest.origin);
  EXPECT_EQ(kinds, "A@a.yaml:1:1 B@a.yaml:1:1 Kept@a.yaml:9:1 ");

  const tree::MemoryTree odd(tree::MemoryTree::Files{{"a.yaml", "kind: List\nitems: [1]\n"}});
  EXPECT_EQ(render(Object{{"path", "."}}, {}, odd).error().message(),
            "a list's item is of type integer, wanted: an object (a.yaml:1:1)");
}

TEST(References, NameOneSourceEach) {
  struct Case {
    std::string_view sources, want;
  };

  for (const auto& [sources, want] : std::to_array<Case>({
           {"[{chart: c, helm: {valueFiles: [$vals/a.yaml, b.yaml]}}, {ref: vals}]", ""},
           {"[{path: p, helm: {fileParameters: [{name: n, path: $vals/a}]}}, {ref: vals, path: q}]", ""},
           {"[{path: p}, {ref: va-l_1}, {ref: other}]", ""},
           {"[{path: p, helm: {valueFiles: [$vals/a.yaml]}}, {path: q}]", "source referenced \"$vals\", but no source has a 'ref' field defined"},
           {"[{path: p, helm: {valueFiles: [$val/a.yaml]}}, {ref: vals}, {ref: more}]",
            "source referenced \"$val\", which is not one of the available sources ($more, $vals)"},
           {"[{path: p, helm: {fileParameters: [{name: n, path: $none/a}]}}, {ref: vals}]",
            "source referenced \"$none\", which is not one of the available sources ($vals)"},
           {"[{ref: vals}, {ref: vals}]", "several sources have the ref \"vals\""},
           {"[{ref: va.ls}]", "sources.ref va.ls cannot contain any special characters except '_' and '-'"},
           {"[{path: p, helm: {valueFiles: [$vals/a.yaml]}}, {chart: c, ref: vals}]", "source referenced \"$vals\", which is a chart"},
       })) {
    const auto parsed = yaml::parse_one(sources, "case", yaml::Dialect::kube);
    ASSERT_TRUE(parsed) << sources;
    const auto checked = check_references({parsed->as_array()->begin(), parsed->as_array()->end()});
    EXPECT_EQ(checked ? "" : checked.error().message(), want) << sources;
  }
}

}  // namespace
}  // namespace holdfast::render
