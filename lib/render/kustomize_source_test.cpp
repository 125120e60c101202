// SPDX-License-Identifier: Apache-2.0
#include "render/kustomize_source.h"

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
  const auto plain = render_kustomize(tree, "app", nullptr, {});
  ASSERT_TRUE(plain) << plain.error().message();
  EXPECT_EQ(plain->at(0).object.text({"metadata", "name"}), "one");

  const auto options =
      read("{namePrefix: pre-, components: [../none], ignoreMissingComponents: true}");
  const auto edited = render_kustomize(tree, "app", &options, {});
  ASSERT_TRUE(edited) << edited.error().message();
  EXPECT_EQ(edited->at(0).object.text({"metadata", "name"}), "pre-one");

  const auto missing = read("{components: [../none]}");
  EXPECT_FALSE(render_kustomize(tree, "app", &missing, {}));
}

}  // namespace
}  // namespace holdfast::render
