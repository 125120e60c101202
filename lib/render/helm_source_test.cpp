// SPDX-License-Identifier: Apache-2.0
#include "render/helm_source.h"

#include "render/value_globs.h"
#include "tree/memory_tree.h"
#include "value/json.h"
#include "yaml/yaml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

namespace holdfast::render {
namespace {

Value read(std::string_view text) {
  auto value = yaml::parse_one(text, "case", yaml::Dialect::kube);
  EXPECT_TRUE(value) << text;
  return *std::move(value);
}

struct Sample {
  tree::MemoryTree tree{tree::MemoryTree::Files{
      {"app/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\n"},
      {"app/values.yaml", "color: none\nsize: 1\n"},
      {"app/templates/cm.yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n  namespace: "
       "{{ .Release.Namespace }}\ndata:\n  color: {{ .Values.color | quote }}\n  size: "
       "{{ .Values.size | quote }}\n  kube: {{ .Capabilities.KubeVersion.Version }}\n"},
      {"app/v1.yaml", "color: v1\nsize: 10\n"},
      {"app/v2.yaml", "color: v2\n"},
      {"app/text.txt", "from a file"},
      {"shared/v3.yaml", "color: v3\n"},
      {"shared/deep/v4.yaml", "color: v4\n"},
  }};
  Context context{
      .application = "shop",
      .namespace_ = "dest",
      .kube_version = "v1.30.1-gke.5",
      .references = {{"$other", std::make_shared<tree::MemoryTree>(tree::MemoryTree::Files{
                                    {"x/values.yaml", "color: other\n"}})}}};
  Environment environment{{"ARGOCD_APP_NAME", "shop"}};
  ChartPlace place{tree, "app", context, environment};

  [[nodiscard]] std::string colors(std::string_view options) const {
    const auto manifests = [&] {
      const auto given = read(options);
      return render_helm(place, &given);
    }();
    if (!manifests) return manifests.error().what();
    const auto& data = *manifests->at(0).object.find("data");
    return fmt::format("{} {}", data.text({"color"}), data.text({"size"}));
  }
};

TEST(HelmSource, ReleaseAndCapabilitiesComeFromTheApplication) {
  const Sample sample;
  const auto plain = render_helm(sample.place, nullptr);
  ASSERT_TRUE(plain) << plain.error().message();
  ASSERT_EQ(plain->size(), 1);
  EXPECT_EQ(
      json::write(plain->at(0).object),
      R"({"apiVersion":"v1","data":{"color":"none","kube":"v1.30.1","size":"1"},"kind":"ConfigMap",)"
      R"("metadata":{"name":"shop","namespace":"dest"}})");
  const auto options = read("{releaseName: r, namespace: other, kubeVersion: 1.25.3}");
  const auto given = render_helm(sample.place, &options);
  ASSERT_TRUE(given) << given.error().message();
  EXPECT_EQ(given->at(0).object.text({"metadata", "name"}), "r");
  EXPECT_EQ(given->at(0).object.text({"metadata", "namespace"}), "other");
  EXPECT_EQ(given->at(0).object.text({"data", "kube"}), "v1.25.3");
}

TEST(HelmSource, ValuesMeetInUpstreamsOrder) {
  const Sample sample;

  struct Case {
    std::string_view options;
    std::string_view want;
  };

  for (const auto& [options, want] : std::to_array<Case>({
           {"{valueFiles: [v1.yaml, v2.yaml]}", "v2 10"},
           {"{valueFiles: [v2.yaml, v1.yaml]}", "v1 10"},
           {"{valueFiles: ['v*.yaml', v1.yaml]}", "v1 10"},
           {"{valueFiles: [/shared/v3.yaml]}", "v3 1"},
           {"{valueFiles: ['../shared/**/*.yaml']}", "v4 1"},
           {"{valueFiles: [$other/x/values.yaml]}", "other 1"},
           {"{valueFiles: [none.yaml, 'n*.yaml'], ignoreMissingValueFiles: true}", "none 1"},
           {"{valueFiles: [v1.yaml], values: 'color: inline'}", "inline 10"},
           {"{values: 'color: inline', valuesObject: {size: 3}}", "none 3"},
           {"{values: 'color: inline', parameters: [{name: color, value: set}]}", "set 1"},
           {"{parameters: [{name: color, value: 'a,b'}]}", "a,b 1"},
           {"{parameters: [{name: color, value: $ARGOCD_APP_NAME}]}", "shop 1"},
           {"{fileParameters: [{name: color, path: text.txt}]}", "from a file 1"},
       })) {
    EXPECT_EQ(sample.colors(options), want) << options;
  }
}

// The order of `doublestar.FilepathGlob` 4.10: a folder's files before those of the folders in it.
TEST(HelmSource, PatternsNameFilesInTheirOrder) {
  const tree::MemoryTree tree(tree::MemoryTree::Files{{"env/z.yaml", ""}, {"env/a/x.yaml", ""}, {"env/a/b/y.yaml", ""}, {"env/a-b/x.yaml", ""},
                                                      {"env/c/x.yaml", ""}, {"env/c/values/k.yaml", ""}, {"env/values/v.yaml", ""}, {"top.yaml", ""}});
  for (const auto& [pattern, want] : std::to_array<std::pair<std::string_view, std::string_view>>({
           {"env/**/*.yaml", "env/z.yaml env/a/x.yaml env/a/b/y.yaml env/a-b/x.yaml env/c/x.yaml env/c/values/k.yaml env/values/v.yaml"},
           {"env/*/x.yaml", "env/a/x.yaml env/a-b/x.yaml env/c/x.yaml"},
           {"env/**/values/*.yaml", "env/values/v.yaml env/c/values/k.yaml"},
           {"**/z.yaml", "env/z.yaml"},
           {"env/{c,a}/x.yaml", "env/a/x.yaml env/c/x.yaml"},
           {"env/{c,a/b}/*.yaml", "env/a/b/y.yaml env/c/x.yaml"},
           {"env/**/{x,y}.yaml", "env/a-b/x.yaml env/a/b/y.yaml env/a/x.yaml env/c/x.yaml"},
           {"env/[^a]/x.yaml", "env/c/x.yaml"},
           {"env/?/x.yaml", "env/a/x.yaml env/c/x.yaml"},
           {"none/*.yaml", ""},
           {"env/z.yaml/*", ""},
           {"*.yaml", "top.yaml"},
       })) {
    const auto found = glob_files(tree, pattern);
    ASSERT_TRUE(found) << pattern;
    EXPECT_EQ(fmt::format("{}", fmt::join(*found, " ")), want) << pattern;
  }
}

TEST(HelmSource, RefusalsNameTheFile) {
  const Sample sample;

  struct Case {
    std::string_view options;
    std::string_view want;
  };

  for (const auto& [options, want] : std::to_array<Case>({
           {"{valueFiles: [none.yaml]}", "values file 'app/none.yaml' is not there"},
           {"{valueFiles: ['n*.yaml']}", "values file pattern 'app/n*.yaml' matches nothing"},
           {"{valueFiles: [../../x.yaml]}",
            "values file '../../x.yaml' leads out of its repository"},
           {"{valueFiles: ['https://example.org/v.yaml']}",
            "values file 'https://example.org/v.yaml' is a URL"},
           {"{valueFiles: 1}", "'helm.valueFiles' is no list"},
           {"{values: '- 1'}", "values must be a map, not array"},
       })) {
    EXPECT_EQ(sample.colors(options), want) << options;
  }
}

}  // namespace
}  // namespace holdfast::render
