// SPDX-License-Identifier: Apache-2.0
#include "kustomize/charts.h"

#include "base/text.h"
#include "kustomize/strategic_merge.h"
#include "yaml/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace holdfast::kustomize {
namespace {

Result<Value> merged(Resource onto, const Resource& patch) {
  static const MergeSchema none;
  if (is_blank(&onto.body)) return patch.body;
  TRY(strategic_merge(onto, patch, none, Quoted::dropped));
  return std::move(onto.body);
}

// The first document of a values file as the tool reads what it merges: as a resource, where no is a
// text, a date a time, and a null that is not written none.
Result<Resource> read_for_merge(const std::string& path, const Loader& loader) {
  Resource out;
  std::string text = TRY(loader.read(path), "reading Helm values");
  const auto source = std::make_shared<const Source>(std::move(text));
  const ReadLimits limits = loader.read_limits();
  out.at = loader.path_of(path);
  out.body = TRY(yaml::parse_one(source->text(), out.at, yaml::Dialect::kyaml,
                                 {.depth = limits.depth, .bytes = limits.bytes, .nodes = limits.nodes}));
  out.source = source;
  return out;
}

using Values = std::vector<ChartRequest::Values>;

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

Result<Values> read_file(const std::string& path, const Loader& loader) {
  const std::string text = TRY(loader.read(path), "reading Helm values");
  const std::string name = loader.path_of(path);
  const ReadLimits limits = loader.read_limits();
  auto documents = TRY(yaml::parse_all(text, name, yaml::Dialect::kube,
                                       {.depth = limits.depth,
                                        .bytes = limits.bytes,
                                        .nodes = limits.nodes,
                                        .duplicates = yaml::Duplicates::keep_last}));
  Values out;
  for (auto& document : documents)
    out.push_back({yaml::place(name, document.start), std::move(document.value)});
  return out;
}

// The values file with valuesInline worked in, as the tool writes it for Helm. The chart's own
// values.yaml is such a file, too, where no other is named.
Result<Values> main_values(const HelmChart& chart, const std::string& directory,
                               const Loader& loader) {
  const auto& how = chart.values_merge;
  if (!how.empty() && how != "merge" && how != "override" && how != "replace") {
    return failure(Error(Code::kustomization, fmt::format("valuesMerge is \"{}\"", how))
                       .fix("write one of: merge, override, replace"));
  }
  const bool inlined = chart.values_inline.is_object() && !chart.values_inline.as_object()->empty();
  const std::string path =
      chart.values_file.empty() ? fmt::format("{}/values.yaml", directory) : chart.values_file;
  if (!inlined) return read_file(path, loader);
  Resource own;
  own.body = chart.values_inline;
  own.at = "valuesInline";
  Values out;
  if (how == "replace") {
    out.push_back({own.at, std::move(own.body)});
    return out;
  }
  auto file = TRY(read_for_merge(path, loader));
  auto values = TRY(how == "merge" ? merged(std::move(own), file) : merged(std::move(file), own));
  out.push_back({loader.path_of(path), std::move(values)});
  return out;
}

Result<Values> values_of(const HelmChart& chart, const std::string& directory,
                                          const Loader& loader) {
  Values out = TRY(main_values(chart, directory, loader));
  for (const auto& path : chart.additional_values_files)
    std::ranges::move(TRY(read_file(path, loader)), std::back_inserter(out));
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
