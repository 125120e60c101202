// SPDX-License-Identifier: Apache-2.0
#include "render/kustomize_source.h"

#include "render/build_options.h"
#include "render/chart_inflation.h"
#include "tree/memory_tree.h"
#include "value/json.h"
#include "yaml/yaml.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::render {
namespace {

Value read(std::string_view text) {
  auto value = yaml::parse_one(text, "case", yaml::Dialect::kube);
  EXPECT_TRUE(value) << text;
  return *std::move(value);
}

const Environment& sample_environment() {
  static const Environment environment{{"ARGOCD_APP_NAME", "shop"}, {"ARGOCD_APP_REVISION", "abc"}};
  return environment;
}

TEST(Environment, IsSubstitutedAsGoDoes) {
  struct Case {
    std::string_view in;
    std::string_view want;
  };

  for (const auto& [in, want] : std::to_array<Case>({
           {"a", "a"},
           {"$ARGOCD_APP_NAME", "shop"},
           {"${ARGOCD_APP_NAME}-$ARGOCD_APP_REVISION.x", "shop-abc.x"},
           {"$NONE-${NONE}x", "-x"},
           {"$$ARGOCD_APP_NAME", "$ARGOCD_APP_NAME"},
           {"5$", "5$"},
           {"$ x", "$ x"},
           {"${", ""},
           {"${}x", "x"},
       })) {
    EXPECT_EQ(substitute(in, sample_environment()), want) << in;
  }
}

TEST(Environment, HoldsWhatTheApplicationIs) {
  const auto environment =
      environment_of(Object{{"path", "."}, {"repoURL", "r"}},
                     {.application = "a", .namespace_ = "n", .revision = "0123456789"});
  EXPECT_EQ(environment.at("ARGOCD_APP_REVISION_SHORT"), "0123456");
  EXPECT_EQ(environment.at("ARGOCD_APP_SOURCE_PATH"), ".");
}

TEST(KustomizeSource, EditsAsTheToolDoes) {
  struct Case {
    std::string_view file;
    std::string_view options;
    std::string_view want;
  };

  for (
      const auto& [file, options, want] : std::to_array<Case>({
          {"{}", "{namePrefix: a-, nameSuffix: -b, namespace: ns}",
           R"({"namePrefix":"a-","nameSuffix":"-b","namespace":"ns"})"},
          {"{}", "{images: ['r:5000/web:2']}",
           R"({"images":[{"name":"r:5000/web","newTag":"2"}]})"},
          {"{}", "{images: ['web@sha256:01']}",
           R"({"images":[{"digest":"sha256:01","name":"web"}]})"},
          {"{}", "{images: ['web=r/x:$ARGOCD_APP_REVISION@sha256:01']}",
           R"({"images":[{"digest":"sha256:01","name":"web","newName":"r/x","newTag":"abc"}]})"},
          {"{images: [{name: web, newName: z, newTag: '1'}, {name: a, newTag: '3'}]}",
           "{images: ['web=*:2']}",
           R"({"images":[{"name":"a","newTag":"3"},{"name":"web","newName":"z","newTag":"2"}]})"},
          {"{replicas: [{name: a, count: 1}, {name: b, count: 1}]}",
           "{replicas: [{name: a, count: 3}, {name: c, count: '4'}]}",
           R"({"replicas":[{"count":1,"name":"b"},{"count":3,"name":"a"},{"count":4,"name":"c"}]})"},
          {"{commonLabels: {x: '1'}}", "{commonLabels: {app: $ARGOCD_APP_NAME}}",
           R"({"commonLabels":{"app":"shop","x":"1"}})"},
          {"{commonLabels: {x: '1'}}", "{commonLabels: {x: '2'}, forceCommonLabels: true}",
           R"({"commonLabels":{"x":"2"}})"},
          {"{}",
           "{commonLabels: {x: '2', z: '3'}, labelWithoutSelector: true, labelIncludeTemplates: "
           "true}",
           R"({"labels":[{"includeTemplates":true,"pairs":{"x":"2","z":"3"}}]})"},
          {"{}", "{commonAnnotations: {x: $ARGOCD_APP_NAME}}",
           R"({"commonAnnotations":{"x":"$ARGOCD_APP_NAME"}})"},
          {"{}", "{commonAnnotations: {x: $ARGOCD_APP_NAME}, commonAnnotationsEnvsubst: true}",
           R"({"commonAnnotations":{"x":"shop"}})"},
          {"{patches: [{path: a}]}", "{patches: [{path: b}]}",
           R"({"patches":[{"path":"a"},{"path":"b"}]})"},
          {"{Namespace: a, NAMEPREFIX: b-}", "{namespace: ns}",
           R"({"namePrefix":"b-","namespace":"ns"})"},
          {"{imageTags: [{name: web, newTag: '1'}]}", "{images: ['web:2']}",
           R"({"images":[{"name":"web","newTag":"2"}]})"},
          {"{components: [a]}", "{components: [a, ../b]}", R"({"components":["a","../b"]})"},
      })) {
    const auto edited = edit_kustomization(read(file), read(options), sample_environment());
    ASSERT_TRUE(edited) << options << ": " << edited.error().message();
    EXPECT_EQ(json::write(*edited), want) << options;
  }
}

TEST(KustomizeSource, RefusalsSayWhatClashes) {
  struct Case {
    std::string_view options;
    std::string_view want;
  };

  for (const auto& [options, want] : std::to_array<Case>({
           {"{commonLabels: {team: a}}", "label 'team' is already in the kustomization file"},
           {"{images: [web]}", "image 'web' has no new name, tag or digest"},
           {"{replicas: [{name: a}]}", "'kustomize.replicas' of 'a' has no integer 'count'"},
       })) {
    const auto edited = edit_kustomization(read("{commonLabels: {team: git}}"), read(options), {});
    ASSERT_FALSE(edited) << options;
    EXPECT_EQ(edited.error().message(), want);
  }
}

TEST(KustomizeSource, TheEditedFileIsBuilt) {
  const tree::MemoryTree tree(tree::MemoryTree::Files{
      {"app/kustomization.yaml", "resources: [cm.yaml]\n"},
      {"app/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"},
  });
  const Context context;
  const KustomizePlace place{tree, "app", context, sample_environment()};
  const auto plain = render_kustomize(place, nullptr);
  ASSERT_TRUE(plain) << plain.error().message();
  EXPECT_EQ(plain->at(0).object.text({"metadata", "name"}), "one");

  const auto options =
      read("{namePrefix: pre-, components: [../none], ignoreMissingComponents: true}");
  const auto edited = render_kustomize(place, &options);
  ASSERT_TRUE(edited) << edited.error().message();
  EXPECT_EQ(edited->at(0).object.text({"metadata", "name"}), "pre-one");

  const auto missing = read("{components: [../none]}");
  EXPECT_FALSE(render_kustomize(place, &missing));
}

TEST(KustomizeSource, TheVersionsThatAreAskedForAreThoseThatAreRegistered) {
  const tree::MemoryTree tree({{"kustomization.yaml", "resources: [cm.yaml]\n"},
                               {"cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"}});
  const Context context{.kustomize_versions = {"v5.4.1", "5", "v4.5.7", "ours"}};

  struct Case {
    std::string_view version, want;
  };

  for (const auto& [version, want] : std::to_array<Case>({
           {"v5.4.1", ""},
           {"5", ""},
           {"v5.8.1", "kustomize version v5.8.1 is not registered"},
           {"v4.5.7", "kustomize version v4.5.7 is not rendered here"},
           {"ours", "kustomize version ours is not rendered here"},
       })) {
    const Value options = Object{{"version", version}};
    const auto rendered = render_kustomize({tree, "", context, sample_environment()}, &options);
    EXPECT_EQ(rendered ? "" : rendered.error().message(), want) << version;
  }
}

TEST(KustomizeSource, OfARepeatedFieldTheLastIsEdited) {
  const tree::MemoryTree tree(tree::MemoryTree::Files{
      {"kustomization.yaml", "resources: [cm.yaml]\nnameSuffix: -a\nnameSuffix: -b\n"},
      {"cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"},
  });
  const Context context;
  const auto options = read("{namePrefix: pre-}");
  const auto edited = render_kustomize({tree, "", context, sample_environment()}, &options);
  ASSERT_TRUE(edited) << edited.error().message();
  EXPECT_EQ(edited->at(0).object.text({"metadata", "name"}), "pre-one-b");
}

TEST(KustomizeSource, BuildsEndWithTheTimeOfTheirCaller) {
  const tree::MemoryTree tree({{"kustomization.yaml", "namePrefix: a-\nresources: [cm.yaml]\n"},
                               {"cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"}});
  Context context;
  ASSERT_TRUE(render(Object{{"path", "."}}, context, tree));
  context.build_time = std::chrono::milliseconds(0);
  const auto late = render(Object{{"path", "."}}, context, tree);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().message(), "the build takes longer than 0 ms (kustomization.yaml)");
}

// A kustomization may not spend on its charts what its caller does not give it.
TEST(KustomizeSource, ChartsSpendOfTheBuildsLimits) {
  struct Case {
    std::string_view what;
    kustomize::Limits limits;
  };

  const tree::MemoryTree tree(tree::MemoryTree::Files{
      {"kustomization.yaml", "helmCharts:\n- {name: demo, releaseName: r}\n"},
      {"charts/demo/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\n"},
      {"charts/demo/values.yaml", "{a: 1}\n"},
      {"charts/demo/templates/cm.yaml",
       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
       "data: {k: {{ repeat 5000 \"x\" }}}\n"},
  });
  kustomize::Options options;
  options.render_chart = [](const kustomize::ChartRequest& request) {
    return inflate_chart(request, {});
  };
  EXPECT_TRUE(kustomize::build(tree, "", options));
  for (const auto& [what, limits] : {Case{"files", {.files = 3}}, Case{"bytes", {.bytes = 150}},
                                     Case{"output", {.bytes = 4000}}}) {
    options.limits = limits;
    const auto built = kustomize::build(tree, "", options);
    ASSERT_FALSE(built) << what;
    EXPECT_EQ(built.error().code(), Code::limit) << what;
  }
}

// The values that a chart prints, for what a helmCharts entry says.
TEST(KustomizeSource, ChartsAreRenderedFromTheTree) {
  struct Case {
    std::string_view entry;
    std::string_view want;
  };

  const std::string chart_template =
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"
      "data:\n  in: {{ .Release.Namespace }}\n  v: {{ .Values.a }}{{ .Values.b }}{{ .Values.c }}\n"
      "  k: {{ .Capabilities.KubeVersion.Version }}\n";
  for (const auto& [entry, want] : std::to_array<Case>({
           {"name: demo", "x-release-name default 12 v1.30.1"},
           {"name: demo\n  releaseName: r\n  namespace: shop", "x-r shop 12 v1.30.1"},
           {"name: demo\n  releaseName: r\n  valuesInline: {b: 5}", "x-r default 15 v1.30.1"},
           {"name: demo\n  releaseName: r\n  valuesInline: {b: 5, c: 6}\n  valuesMerge: merge",
            "x-r default 126 v1.30.1"},
           {"name: demo\n  releaseName: r\n  valuesInline: {b: 5}\n  valuesMerge: replace",
            "x-r default 15 v1.30.1"},
           {"name: demo\n  releaseName: r\n  valuesFile: v.yaml\n  additionalValuesFiles: [w.yaml]",
            "x-r default 789 v1.30.1"},
           {"name: demo\n  nameTemplate: 'a-{{ upper \"b\" | lower }}'\n  kubeVersion: 1.29.0",
            "x-a-b default 12 v1.29.0"},
       })) {
    const tree::MemoryTree tree(tree::MemoryTree::Files{
        {"app/kustomization.yaml", fmt::format("namePrefix: x-\nhelmCharts:\n- {}\n", entry)},
        {"app/v.yaml", "{a: 7, b: 8}\n"},
        {"app/w.yaml", "{c: 9}\n"},
        {"app/charts/demo/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\n"},
        {"app/charts/demo/values.yaml", "{a: 1, b: 2}\n"},
        {"app/charts/demo/templates/cm.yaml", chart_template},
    });
    const Context context{.kube_version = "v1.30.1"};
    const auto rendered = render_kustomize({tree, "app", context, sample_environment()}, nullptr);
    ASSERT_TRUE(rendered) << entry << ": " << rendered.error().message();
    const Value& object = rendered->at(0).object;
    const auto* v = object.find_path({"data", "v"});
    EXPECT_EQ(fmt::format("{} {} {} {}", object.text({"metadata", "name"}), object.text({"data", "in"}),
                          v == nullptr || v->as_int() == nullptr ? 0 : *v->as_int(),
                          object.text({"data", "k"})),
              want)
        << entry;
  }
}

// What is merged is read as a resource is: no is a text, a date a time, a null that is not written
// nothing, and a number takes the place of a text in quotes. What is handed on is read by Helm. The
// texts are those of `kustomize build --enable-helm` 5.8.1 with Helm 4.3.
TEST(KustomizeSource, InlineValuesAreMergedAsTheToolMergesThem) {
  const std::string values = "quoted: \"1.0\"\nword: no\nday: 2024-01-02\nempty:\nlist: [1, 2]\n";
  for (const auto& [entry, want] : std::to_array<std::pair<std::string_view, std::string_view>>({
           {"{name: c, valuesInline: {more: 1}}",
            "day: \"2024-01-02T00:00:00Z\"\nlist:\n- 1\n- 2\nmore: 1\nquoted: \"1.0\"\nword: \"no\""},
           {"{name: c, valuesInline: {quoted: 2.50, list: [3]}}",
            "day: \"2024-01-02T00:00:00Z\"\nlist:\n- 3\nquoted: 2.5\nword: \"no\""},
           {"{name: c}", "day: \"2024-01-02\"\nlist:\n- 1\n- 2\nquoted: \"1.0\"\nword: false"},
       })) {
    const tree::MemoryTree tree(tree::MemoryTree::Files{
        {"app/kustomization.yaml", fmt::format("helmCharts:\n- {}\n", entry)},
        {"app/charts/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n"},
        {"app/charts/c/values.yaml", values},
        {"app/charts/c/templates/cm.yaml",
         "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  all: {{ toYaml .Values | quote }}\n"},
    });
    const auto rendered = render_kustomize({tree, "app", Context{}, sample_environment()}, nullptr);
    ASSERT_TRUE(rendered) << entry << ": " << rendered.error().message();
    EXPECT_EQ(rendered->at(0).object.text({"data", "all"}), want) << entry;
  }
}

constexpr auto shared_base = std::to_array<std::pair<std::string_view, std::string_view>>(
    {{"base/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: outside}\n"},
     {"base/ns.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: space}\n"},
     {"app/kustomization.yaml", "resources: [../base/cm.yaml, ../base/ns.yaml]\n"}});

TEST(KustomizeSource, BuildOptionsOfTheSettingsCount) {
  const tree::MemoryTree tree(tree::MemoryTree::Files(shared_base.begin(), shared_base.end()));
  for (const auto& [options, want] : std::to_array<std::pair<std::string_view, std::string_view>>({
           {"", "outside the root"},
           {"--load-restrictor=LoadRestrictionsRootOnly", "outside the root"},
           {"--enable-helm --load-restrictor LoadRestrictionsNone", "space outside "},
           {"--load-restrictor=LoadRestrictionsNone  --reorder none --enable-alpha-plugins", "outside space "},
           {"--load-restrictor LoadRestrictionsNone --enable-managedby-label --helm-command helm3 -e A=b", "space=kustomize-v5.8.1 outside=kustomize-v5.8.1 "},
           {"--load-restrictor none", "not supported"},
           {"--load-restrictor", "not supported"},
           {"--stack-trace", "not supported"},
           {"enable-helm", "not supported"},
       })) {
    const Context context{.kustomize_options = std::string(options)};
    const auto rendered = render_kustomize({tree, "app", context, sample_environment()}, nullptr);
    std::string got;
    if (!rendered && rendered.error().code() == Code::path_outside) got = "outside the root";
    if (!rendered && rendered.error().code() == Code::source_unsupported) got = "not supported";
    for (const auto& each : rendered ? *rendered : std::vector<Manifest>()) {
      const auto manager = each.object.text({"metadata", "labels", "app.kubernetes.io/managed-by"});
      got += fmt::format("{}{}{} ", each.object.text({"metadata", "name"}), manager.empty() ? "" : "=", manager);
    }
    EXPECT_EQ(got, want) << options;
  }
}

// What a person named is told, because nothing else says where it was written.
TEST(KustomizeSource, ARefusedBuildOptionIsNamed) {
  const auto refused = parse_build_options("--enable-helm --load-restrictor none");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(),
            "kustomize.buildOptions: '--load-restrictor none' is not taken: legal are LoadRestrictionsRootOnly and LoadRestrictionsNone");
}

}  // namespace
}  // namespace holdfast::render
