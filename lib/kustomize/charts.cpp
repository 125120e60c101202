// SPDX-License-Identifier: Apache-2.0
#include "kustomize/charts.h"

#include "base/text.h"
#include "kustomize/strategic_merge.h"
#include "yaml/yaml.h"

#include <fmt/format.h>

namespace holdfast::kustomize {
namespace {

Result<Value> merged(Value onto, Value patch) {
  static const MergeSchema none;
  if (is_blank(&onto)) return patch;
  Resource holder, by;
  holder.body = std::move(onto);
  by.body = std::move(patch);
  by.at = "valuesInline";
  TRY(strategic_merge(holder, by, none));
  return std::move(holder.body);
}

using ValuesFile = ChartRequest::ValuesFile;

// A tree whose files count for the build's limits.
class CountedTree final : public tree::FileTree {
 public:
  CountedTree(const tree::FileTree& below, Budget& budget) : below_(below), budget_(budget) {}

  [[nodiscard]] Result<std::optional<tree::EntryKind>> kind(std::string_view path) const override {
    return below_.kind(path);
  }

  [[nodiscard]] Result<std::string> real_path(std::string_view path) const override {
    return below_.real_path(path);
  }

  [[nodiscard]] Result<std::string> read(std::string_view path) const override {
    std::string text = TRY(below_.read(path));
    TRY(budget_.count_file(text.size(), path));
    return text;
  }

  [[nodiscard]] Result<std::vector<tree::Entry>> list(std::string_view path) const override {
    return below_.list(path);
  }

 private:
  const tree::FileTree& below_;
  Budget& budget_;
};

Result<ValuesFile> read_file(const std::string& path, const Loader& loader) {
  std::string text = TRY(loader.read(path), "reading Helm values");
  // Helm reads it again, within limits of its own; it may not take more than the build is given.
  const ReadLimits limits = loader.read_limits();
  TRY(yaml::parse_all(text, loader.path_of(path), yaml::Dialect::kube,
                      {.depth = limits.depth,
                       .bytes = limits.bytes,
                       .nodes = limits.nodes,
                       .duplicates = yaml::Duplicates::keep_last}));
  return ValuesFile{.name = loader.path_of(path), .text = std::move(text)};
}

// The values file with valuesInline worked in, as the tool writes it for Helm. The chart's own
// values.yaml is such a file, too, where no other is named.
Result<ValuesFile> main_values(const HelmChart& chart, const std::string& directory,
                               const Loader& loader) {
  const auto& how = chart.values_merge;
  if (!how.empty() && how != "merge" && how != "override" && how != "replace") {
    return failure(Error(Code::kustomization, fmt::format("valuesMerge is \"{}\"", how))
                       .fix("write one of: merge, override, replace"));
  }
  const bool inlined = chart.values_inline.is_object() && !chart.values_inline.as_object()->empty();
  if (inlined && how == "replace")
    return ValuesFile{.name = "valuesInline", .text = yaml::write(chart.values_inline)};
  ValuesFile file = TRY(read_file(
      chart.values_file.empty() ? fmt::format("{}/values.yaml", directory) : chart.values_file,
      loader));
  if (!inlined) return file;
  Value values = TRY(read_yaml(file.text, file.name, loader.read_limits()));
  values = how == "merge" ? TRY(merged(chart.values_inline, std::move(values)))
                          : TRY(merged(std::move(values), chart.values_inline));
  file.text = yaml::write(values);
  return file;
}

Result<std::vector<ValuesFile>> values_of(const HelmChart& chart, const std::string& directory,
                                          const Loader& loader) {
  std::vector<ValuesFile> out;
  out.push_back(TRY(main_values(chart, directory, loader)));
  for (const auto& path : chart.additional_values_files)
    out.push_back(TRY(read_file(path, loader)));
  return out;
}

}  // namespace

Result<std::vector<Resource>> render_chart(const HelmChart& chart, const HelmGlobals& globals,
                                           const Loader& loader, BuildContext& context) {
  if (chart.name.empty())
    return failure(Error(Code::kustomization, "an entry of helmCharts has no name")
                       .fix("give it the chart's name"));
  const auto& render = context.options().render_chart;
  if (render == nullptr) {
    return failure(Code::source_unsupported,
                   "helmCharts names \"{}\", which needs a chart renderer", printable(chart.name));
  }
  std::string home = globals.chart_home.empty() ? "charts" : globals.chart_home;
  if (!chart.version.empty() && !chart.repo.empty())
    home += fmt::format("/{}-{}", chart.name, chart.version);
  const std::string relative = fmt::format("{}/{}", home, chart.name);
  const auto directory = join_inside(loader.directory(), relative);
  const auto kind = directory ? TRY(loader.tree().kind(*directory)) : std::nullopt;
  if (kind != tree::EntryKind::directory) {
    return failure(
        Error(Code::path_missing, fmt::format("the chart \"{}\" is not at \"{}\"",
                                              printable(chart.name), loader.path_of(relative)))
            .fix(fmt::format("vendor it there: helm pull {}{}{} --untar --untardir {}", chart.name,
                             chart.repo.empty() ? "" : " --repo " + chart.repo,
                             chart.version.empty() ? "" : " --version " + chart.version, home)));
  }
  auto values = TRY(values_of(chart, relative, loader));
  const CountedTree counted(loader.tree(), loader.budget());
  const ChartRequest request{.tree = counted,
                             .limits = loader.budget().left(),
                             .chart = *directory,
                             .name = chart.name,
                             .release = chart.release_name,
                             .name_template = chart.name_template,
                             .space = chart.space,
                             .kube_version = chart.kube_version,
                             .api_versions = chart.api_versions,
                             .values = std::move(values),
                             .include_crds = chart.include_crds,
                             .skip_hooks = chart.skip_hooks,
                             .skip_tests = chart.skip_tests};
  const std::string text = TRY(render(request), "rendering the chart \"{}\"", chart.name);
  TRY(loader.budget().check_time());
  auto resources =
      TRY(read_resources(text, fmt::format("chart {}", chart.name), loader.read_limits()));
  for (auto& resource : resources)
    resource.from_helm = true;
  return resources;
}

}  // namespace holdfast::kustomize
