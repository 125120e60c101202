// SPDX-License-Identifier: Apache-2.0
// Every option of spec.source.helm, one table each, as argo-cd 3.6 hands it to `helm template`
// (reposerver/repository/repository.go: helmTemplate, util/helm/cmd.go: template).
// passCredentials says how a chart is fetched: lib/charts/charts_test.cpp.
#include "render/helm_source.h"

#include "tree/memory_tree.h"
#include "yaml/yaml.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::render {
namespace {

using Files = tree::MemoryTree::Files;

Value read(std::string_view text) {
  auto value = yaml::parse_one(text, "case", yaml::Dialect::kube);
  EXPECT_TRUE(value) << text;
  return *std::move(value);
}

constexpr std::string_view shown_values = R"(apiVersion: v1
kind: ConfigMap
metadata: {name: shown}
data:
  v: {{ .Values | toJson | quote }}
  release: "{{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.IsInstall }} {{ .Release.Revision }}"
  kube: "{{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.APIVersions.Has "own/v1" }} {{ .Capabilities.APIVersions.Has "cluster/v1" }}"
)";

class HelmOptions : public testing::Test {
 protected:
  HelmOptions() {
    files["app/Chart.yaml"] = "apiVersion: v2\nname: demo\nversion: 1.0.0\n";
    files["app/values.yaml"] = "a: chart\nlist: [1, 2]\nmap: {x: 1, z: 2}\n";
    files["app/templates/shown.yaml"] = shown_values;
  }

  // What .Values is, or why not.
  std::string values(std::string_view options) { return shown(options, "v"); }

  std::string shown(std::string_view options, std::string_view key) {
    const auto manifests = rendered(options);
    if (!manifests) return manifests.error().what();
    for (const auto& manifest : *manifests) {
      if (manifest.object.text({"metadata", "name"}) == "shown")
        return std::string(manifest.object.text({"data", key}));
    }
    return "nothing";
  }

  Result<std::vector<Manifest>> rendered(std::string_view options) {
    const tree::MemoryTree tree(files);
    const auto given = read(options);
    return render_helm({tree, "app", context, environment}, &given);
  }

  std::string names(std::string_view options) {
    const auto manifests = rendered(options);
    if (!manifests) return manifests.error().what();
    std::string out;
    for (const auto& manifest : *manifests)
      out += fmt::format("{} ", manifest.object.text({"metadata", "name"}));
    return out;
  }

  Files files;
  Context context{.application = "shop",
                  .namespace_ = "dest",
                  .kube_version = "v1.30.1+k3s1",
                  .api_versions = {"cluster/v1"},
                  .references = {{"$other", std::make_shared<tree::MemoryTree>(Files{
                                                {"env/shop.yaml", "a: other\n"},
                                                {"env/1.yaml", "a: one\nb: 1\n"},
                                                {"env/2.yaml", "a: two\n"},
                                                {"note.txt", "a,b"}})}}};
  Environment environment{{"ARGOCD_APP_NAME", "shop"}, {"ARGOCD_APP_REVISION_SHORT", "abc1234"}};
};

struct Case {
  std::string_view options;
  std::string_view want;
};

TEST_F(HelmOptions, ReleaseNameAndNamespace) {
  for (const auto& [options, want] : std::to_array<Case>({
           {"{}", "shop dest true 1"},
           {"{releaseName: web}", "web dest true 1"},
           {"{namespace: other}", "shop other true 1"},
           {"{releaseName: $ARGOCD_APP_NAME}", "\"$ARGOCD_APP_NAME\" cannot be the name of a release"},
       })) {
    EXPECT_EQ(shown(options, "release"), want) << options;
  }
}

TEST_F(HelmOptions, KubeVersionAndApiVersions) {
  for (const auto& [options, want] : std::to_array<Case>({
           {"{}", "v1.30.1 false true"},
           {"{kubeVersion: 1.25.3}", "v1.25.3 false true"},
           {"{kubeVersion: v1.25.3-gke.9}", "v1.25.3 false true"},
           {"{apiVersions: [own/v1]}", "v1.30.1 true false"},
           {"{apiVersions: []}", "v1.30.1 false true"},
       })) {
    EXPECT_EQ(shown(options, "kube"), want) << options;
  }
}

TEST_F(HelmOptions, ValueFiles) {
  files["app/one.yaml"] = "a: one\nmap: {x: 9}\n";
  files["app/two.yaml"] = "a: two\nlist: [3]\n";
  files["app/shop.yaml"] = "a: shop\n";
  files["root.yaml"] = "a: root\n";
  constexpr std::string_view rest = R"("list":[1,2],"map":{"x":1,"z":2})";
  const auto with = [&](std::string_view a) { return fmt::format("{{\"a\":\"{}\",{}}}", a, rest); };
  const std::pair<std::string_view, std::string> table[] = {
      {"{valueFiles: []}", with("chart")},
      {"{valueFiles: [one.yaml]}", R"({"a":"one","list":[1,2],"map":{"x":9,"z":2}})"},
      {"{valueFiles: [one.yaml, two.yaml]}", R"({"a":"two","list":[3],"map":{"x":9,"z":2}})"},
      {"{valueFiles: [$ARGOCD_APP_NAME.yaml]}", with("shop")},
      {"{valueFiles: [/root.yaml]}", with("root")},
      {"{valueFiles: [../root.yaml]}", with("root")},
      {"{valueFiles: [$other/env/shop.yaml]}", with("other")},
      {"{valueFiles: [$other/env/$ARGOCD_APP_NAME.yaml]}", with("other")},
      {"{valueFiles: ['$other/env/[12].yaml']}", R"({"a":"two","b":1,"list":[1,2],"map":{"x":1,"z":2}})"},
      {"{valueFiles: ['$other/env/[12].yaml', $other/env/1.yaml]}",
       R"({"a":"one","b":1,"list":[1,2],"map":{"x":1,"z":2}})"},
      {"{valueFiles: [$other/env/none.yaml]}", "values file 'env/none.yaml' is not there"},
      {"{valueFiles: [$absent/root.yaml]}", with("root")},  // no such source: the variable is empty
  };
  for (const auto& [options, want] : table)
    EXPECT_EQ(values(options), want) << options;
}

TEST_F(HelmOptions, IgnoreMissingValueFiles) {
  for (const auto& [options, want] : std::to_array<Case>({
           {"{valueFiles: [none.yaml]}", "values file 'app/none.yaml' is not there"},
           {"{valueFiles: [none.yaml], ignoreMissingValueFiles: false}", "values file 'app/none.yaml' is not there"},
           {"{valueFiles: [none.yaml, 'n*.yaml', $other/none.yaml], ignoreMissingValueFiles: true}",
            R"({"a":"chart","list":[1,2],"map":{"x":1,"z":2}})"},
       })) {
    EXPECT_EQ(values(options), want) << options;
  }
}

TEST_F(HelmOptions, ValuesValuesObjectAndParametersInTheirOrder) {
  files["app/one.yaml"] = "a: file\n";
  for (const auto& [options, want] : std::to_array<Case>({
           {"{valueFiles: [one.yaml], values: 'a: text'}", "text"},
           {"{values: 'a: text', valuesObject: {a: object}}", "object"},
           {"{values: 'a: text', valuesObject: {}}", "chart"},
           {"{values: 'a: text', valuesObject: null}", "text"},
           {"{values: '', valueFiles: [one.yaml]}", "file"},
           {"{valuesObject: {a: object}, parameters: [{name: a, value: set}]}", "set"},
           {"{parameters: [{name: a, value: first}, {name: a, value: second}]}", "second"},
           {"{parameters: [{name: a, value: text, forceString: true}, {name: a, value: set}]}", "text"},
           {"{parameters: [{name: a, value: set}], fileParameters: [{name: a, path: $other/note.txt}]}", "a,b"},
       })) {
    const auto got = values(options);
    EXPECT_TRUE(got.starts_with(fmt::format("{{\"a\":\"{}\"", want))) << options << " " << got;
  }
}

TEST_F(HelmOptions, ParametersFollowTheGrammarOfSet) {
  for (const auto& [options, want] : std::to_array<Case>({
           {"{parameters: [{name: p, value: '7'}]}", R"("p":7)"},
           {"{parameters: [{name: p, value: '7', forceString: true}]}", R"("p":"7")"},
           {"{parameters: [{name: p, value: 'true'}]}", R"("p":true)"},
           {"{parameters: [{name: p, value: 'a,b=c'}]}", R"("p":"a,b=c")"},
           {"{parameters: [{name: p, value: 'a\\,b'}]}", R"("p":"a,b")"},
           {"{parameters: [{name: p, value: '{x,y}'}]}", R"("p":["x","y"])"},
           {"{parameters: [{name: 'deep.down', value: v}]}", R"("deep":{"down":"v"})"},
           {"{parameters: [{name: 'dot\\.ted', value: v}]}", R"("dot.ted":"v")"},
           {"{parameters: [{name: 'list[1]', value: '9'}]}", R"("list":[null,9])"},  // the chart's own list is not there yet
           {"{parameters: [{name: map, value: 'null'}]}", R"({"a":"chart","list":[1,2]})"},
           {"{parameters: [{name: p, value: 'v-$ARGOCD_APP_REVISION_SHORT'}]}", R"("p":"v-abc1234")"},
           {"{parameters: [{name: p, value: '$$5'}]}", R"("p":"$5")"},
       })) {
    const auto got = values(options);
    EXPECT_NE(got.find(want), std::string::npos) << options << " " << got;
  }
}

TEST_F(HelmOptions, FileParameters) {
  files["app/shop.txt"] = "text, with comma\n";
  for (const auto& [options, want] : std::to_array<Case>({
           {"{fileParameters: [{name: f, path: shop.txt}]}", R"("f":"text, with comma\n")"},
           {"{fileParameters: [{name: f.g, path: $ARGOCD_APP_NAME.txt}]}", R"("f":{"g":"text, with comma\n"})"},
           {"{fileParameters: [{name: f, path: /app/shop.txt}]}", R"("f":"text, with comma\n")"},
           {"{fileParameters: [{name: f, path: $other/note.txt}]}", R"("f":"a,b")"},
       })) {
    const auto got = values(options);
    EXPECT_NE(got.find(want), std::string::npos) << options << " " << got;
  }
  EXPECT_FALSE(rendered("{fileParameters: [{name: f, path: none.txt}]}"));
  EXPECT_FALSE(rendered("{fileParameters: [{name: f, path: ../../none.txt}]}"));
}

TEST_F(HelmOptions, SkipCrdsAndSkipTests) {
  files["app/crds/crd.yaml"] = "apiVersion: x/v1\nkind: Crd\nmetadata: {name: crd}\n";
  files["app/templates/test.yaml"] =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: test, annotations: {helm.sh/hook: test}}\n";
  for (const auto& [options, want] : std::to_array<Case>({
           {"{}", "crd shown test "},
           {"{skipCrds: true}", "shown test "},
           {"{skipTests: true}", "crd shown "},
           {"{skipCrds: true, skipTests: true}", "shown "},
           {"{skipCrds: false, skipTests: false}", "crd shown test "},
       })) {
    EXPECT_EQ(names(options), want) << options;
  }
}

TEST_F(HelmOptions, SkipSchemaValidation) {
  files["app/values.schema.json"] = R"({"properties":{"a":{"type":"integer"}}})";
  EXPECT_FALSE(rendered("{}"));
  EXPECT_TRUE(rendered("{valuesObject: {a: 1}}"));
  EXPECT_TRUE(rendered("{skipSchemaValidation: true}"));
}

TEST_F(HelmOptions, VersionChoosesWhoseResultCountsWhereHelm3And4Differ) {
  files["app/values.yaml"] = "a: null\nb: first\n---\nb: last\n";
  for (const auto& [options, want] : std::to_array<Case>({
           {"{}", R"({"b":"last"})"},
           {"{version: ''}", R"({"b":"last"})"},
           {"{version: v4}", R"({"b":"last"})"},
           {"{version: v3}", R"({"a":null,"b":"first"})"},
           {"{version: v2}", "helm version 'v2' is not supported"},
       })) {
    EXPECT_EQ(values(options), want) << options;
  }
}

TEST_F(HelmOptions, PassCredentialsChangesNoManifest) {
  EXPECT_EQ(names("{passCredentials: true}"), names("{}"));
}

}  // namespace
}  // namespace holdfast::render
