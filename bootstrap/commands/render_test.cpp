// SPDX-License-Identifier: Apache-2.0
#include "commands/render.h"

#include "base/handle.h"
#include "fakes/temporary_folder.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

class RenderOnDisk : public testing::Test {
 protected:
  void add(const std::string& path, std::string_view text) const {
    fs::create_directories((folder / path).parent_path());
    std::ofstream(folder / path) << text;
  }

  // What the command prints, or its error's text.
  template <class Command>
  std::string printed(const Command& command) const {
    const auto path = folder / "output";
    Result<> result;
    {
      const FileDescriptor out(
          ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
      const ManualClock clock;
      Console console(out.get(), out.get(), Output::text, clock);
      result = command(console);
    }
    if (!result) return result.error().what();
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  const TemporaryFolder folder{"render"};
};

TEST_F(RenderOnDisk, AKustomizationMayHaveBasesBesideIt) {
  add("base/kustomization.yaml", "resources: [cm.yaml]\n");
  add("base/cm.yaml", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: one}\n");
  add("app/kustomization.yaml", "resources: [../base]\nnamePrefix: x-\n");
  const auto run = [&](Console& console) {
    return run_render_kustomize({.directory = folder / "app"}, console);
  };
  constexpr std::string_view want = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x-one\n";
  EXPECT_EQ(printed(run), want);
  fs::create_directories(folder / ".git");
  EXPECT_EQ(printed(run), want);
}

TEST_F(RenderOnDisk, AChartTakesTheFlagsOfHelmTemplate) {
  add("chart/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\n");
  add("chart/values.yaml", "a: 1\n");
  add("chart/templates/t.yaml",
      "kind: X\nmetadata: {name: {{ .Release.Name }}}\na: {{ .Values.a }}\nb: {{ .Values.b }}\n");
  add("v.yaml", "a: 2\n");
  const auto run = [&](Console& console) {
    RenderHelmOptions options;
    options.name = "r";
    options.chart = folder / "chart";
    options.values = {folder / "v.yaml"};
    options.set = {"b=x"};
    return run_render_helm(options, console);
  };
  EXPECT_EQ(printed(run),
            "---\n# Source: demo/templates/t.yaml\nkind: X\nmetadata: {name: r}\na: 2\nb: x\n");
}

TEST_F(RenderOnDisk, ADashIsTheStandardInput) {
  add("chart/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\n");
  add("chart/templates/t.yaml", "v: {{ .Values | toJson }}\n");
  add("given", "a: 2\n");
  const FileDescriptor given(::open((folder / "given").c_str(), O_RDONLY | O_CLOEXEC));
  const FileDescriptor own(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
  ASSERT_GE(::dup2(given.get(), STDIN_FILENO), 0);
  const auto text = printed([&](Console& console) {
    RenderHelmOptions options;
    options.chart = folder / "chart";
    options.values = {"-"};
    return run_render_helm(options, console);
  });
  ::dup2(own.get(), STDIN_FILENO);
  EXPECT_TRUE(text.contains(R"(v: {"a":2})")) << text;
}

TEST_F(RenderOnDisk, AFileByUrlIsRefused) {
  add("chart/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\n");
  RenderHelmOptions options;
  options.chart = folder / "chart";
  options.name = "r";
  options.values = {"https://me:secret@example.org/v.yaml"};
  const auto run = [&](Console& console) { return run_render_helm(options, console); };
  EXPECT_EQ(printed(run), "'https://example.org/v.yaml' is a URL");
  options.values = {};
  options.set_file = {"a=http://example.org/f"};
  EXPECT_EQ(printed(run), "'http://example.org/f' is a URL");
}

TEST_F(RenderOnDisk, EveryFlagOfAChartCounts) {
  add("chart/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.0.0\n");
  add("chart/values.yaml", "size: 1\n");
  add("chart/values.schema.json", R"({"properties": {"size": {"type": "integer"}}})");
  add("chart/crds/crd.yaml", "kind: CustomResourceDefinition\n");
  add("chart/templates/hook.yaml",
      "kind: Job\nmetadata: {annotations: {helm.sh/hook: pre-install}}\n");
  add("chart/templates/test.yaml", "kind: Pod\nmetadata: {annotations: {helm.sh/hook: test}}\n");
  add("chart/templates/t.yaml",
      "kind: X\n"
      "r: {{ .Release.Name }} {{ .Release.Namespace }} {{ .Release.IsUpgrade }}\n"
      "c: {{ .Capabilities.KubeVersion.Version }} {{ .Capabilities.APIVersions.Has \"x/v1\" }}\n"
      "v: {{ omit .Values \"z\" | toJson }}\n");
  add("one.yaml", "a: 1\nb: 1\n");
  add("two.yaml", "b: 2\n");
  add("text", "from a file");
  RenderHelmOptions plain;
  plain.chart = folder / "chart";
  plain.name = "release-name";
  const auto shown = [&](auto change) {
    RenderHelmOptions options = plain;
    change(options);
    return printed([&](Console& console) { return run_render_helm(options, console); });
  };
  struct Case {
    std::string_view what;
    void (*change)(RenderHelmOptions&);
    std::string_view holds;
    std::string_view lacks;
  };
  for (const auto& [what, change, holds, lacks] : std::to_array<Case>({
           {"none", [](auto&) {}, "r: release-name default false\nc: v1.37.0 false\nv: {\"size\":1}\n", "Definition"},
           {"--name-template", [](auto& o) { o.name = "x-{{ \"y\" }}"; }, "r: x-y default", ""},
           {"--namespace", [](auto& o) { o.namespace_ = "ns"; }, "r: release-name ns", ""},
           {"--is-upgrade", [](auto& o) { o.is_upgrade = true; }, "default true", ""},
           {"--kube-version", [](auto& o) { o.kube_version = "1.30.1"; }, "c: v1.30.1", ""},
           {"--api-versions", [](auto& o) { o.api_versions = {"y/v1,x/v1"}; }, "v1.37.0 true", ""},
           {"--set", [](auto& o) { o.set = {"a=2,b.c=x"}; }, R"({"a":2,"b":{"c":"x"},"size":1})", ""},
           {"--set-string", [](auto& o) { o.set_string = {"a=2"}; }, R"({"a":"2","size":1})", ""},
           {"--set-json", [](auto& o) { o.set_json = {"a=[1]"}; }, R"({"a":[1],"size":1})", ""},
           {"--set-literal", [](auto& o) { o.set_literal = {"a=x,y"}; }, R"({"a":"x,y","size":1})", ""},
           {"--include-crds", [](auto& o) { o.include_crds = true; }, "CustomResourceDefinition", ""},
           {"--skip-tests", [](auto& o) { o.skip_tests = true; }, "kind: Job", "kind: Pod"},
           {"--no-hooks", [](auto& o) { o.no_hooks = true; }, "kind: X", "kind: Job"},
           {"the schema", [](auto& o) { o.set = {"size=x"}; }, "values.schema.json", "kind: X"},
           {"--skip-schema-validation",
            [](auto& o) { o.set = {"size=x"}, o.skip_schema_validation = true; }, R"({"size":"x"})", ""},
           {"--helm 3", [](auto& o) { o.helm = "3", o.kube_version = "1.29.3-gke.1"; }, "c: v1.29.3 ", ""},
       })) {
    const auto text = shown(change);
    EXPECT_TRUE(text.contains(holds)) << what << ": " << text;
    EXPECT_TRUE(lacks.empty() || !text.contains(lacks)) << what << ": " << text;
  }
  const auto files = shown([&](auto& options) {
    options.values = {fmt::format("{0}/one.yaml,{0}/two.yaml", folder.path())};
    options.set_file = {fmt::format("f={}/text", folder.path())};
  });
  EXPECT_TRUE(files.contains(R"({"a":1,"b":2,"f":"from a file","size":1})")) << files;
}

TEST_F(RenderOnDisk, AFolderThatIsNotThereIsNamed) {
  const auto run = [&](Console& console) {
    return run_render_kustomize({.directory = "/none"}, console);
  };
  EXPECT_EQ(printed(run), "'/none' is no folder");
}

}  // namespace
}  // namespace holdfast::bootstrap
