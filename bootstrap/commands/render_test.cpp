// SPDX-License-Identifier: Apache-2.0
#include "commands/render.h"

#include "base/handle.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

class RenderOnDisk : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = fs::temp_directory_path() / "holdfast-render-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder = name;
  }

  void TearDown() override { fs::remove_all(folder); }

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

  fs::path folder;
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

TEST_F(RenderOnDisk, AFolderThatIsNotThereIsNamed) {
  const auto run = [&](Console& console) {
    return run_render_kustomize({.directory = "/none"}, console);
  };
  EXPECT_EQ(printed(run), "'/none' is no folder");
}

}  // namespace
}  // namespace holdfast::bootstrap
