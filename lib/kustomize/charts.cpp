// SPDX-License-Identifier: Apache-2.0
#include "kustomize/charts.h"

#include "base/text.h"
#include "kustomize/strategic_merge.h"
#include "yaml/yaml.h"

#include <fmt/format.h>

namespace holdfast::kustomize {
namespace {

// The first wins where both say something; maps are joined. As Helm joins values files.
void fill_in(Value& values, const Value& defaults) {
  const auto* from = defaults.as_object();
  if (from == nullptr || !values.is_object()) return;
  for (const auto& [key, value] : *from) {
    Value* own = values.find(key);
    if (own == nullptr) {
      values[key] = value;
    } else if (own->is_object() && value.is_object()) {
      fill_in(*own, value);
    }
  }
}

Result<Value> merged(Value onto, Value patch) {
  static const MergeSchema none;
  if (is_blank(&onto)) return patch;
  Resource holder;
  holder.body = std::move(onto);
  TRY(strategic_merge(holder, std::move(patch), none));
  return std::move(holder.body);
}

Result<Value> read_values(const std::string& path, const Loader& loader) {
  const std::string text = TRY(loader.read(path), "reading Helm values");
  return yaml::parse_one(text, loader.path_of(path), yaml::Dialect::kube);
}

Result<Value> values_of(const HelmChart& chart, const std::string& directory,
                        const Loader& loader) {
  const auto& how = chart.values_merge;
  if (!how.empty() && how != "merge" && how != "override" && how != "replace") {
    return failure(Error(Code::kustomization, fmt::format("valuesMerge is \"{}\"", how))
                       .fix("write one of: merge, override, replace"));
  }
  const bool inlined = chart.values_inline.is_object() && !chart.values_inline.as_object()->empty();
  Value values;
  if (!inlined || how != "replace") {
    // A chart's own values.yaml is read by Helm; only a named file is an override of it.
    if (!chart.values_file.empty()) values = TRY(read_values(chart.values_file, loader));
    if (inlined && chart.values_file.empty())
      values = TRY(read_values(fmt::format("{}/values.yaml", directory), loader));
  }
  if (inlined) {
    if (how == "merge") {
      values = TRY(merged(chart.values_inline, std::move(values)));
    } else {
      values = how == "replace" ? chart.values_inline
                                : TRY(merged(std::move(values), chart.values_inline));
    }
  }
  if (!values.is_object()) values = Object();
  for (const auto& path : chart.additional_values_files) {
    Value more = TRY(read_values(path, loader));
    if (!more.is_object()) continue;
    fill_in(more, values);
    values = std::move(more);
  }
  return values;
}

}  // namespace

Result<std::vector<Resource>> render_chart(const HelmChart& chart, const HelmGlobals& globals,
                                           const Loader& loader, BuildContext& context) {
  if (chart.name.empty())
    return failure(Error(Code::kustomization, "an entry of helmCharts has no name")
                       .at(loader.path_of("kustomization.yaml"))
                       .fix("give it the chart's name"));
  const auto& render = context.options().render_chart;
  if (render == nullptr) {
    return failure(Error(Code::source_unsupported,
                         fmt::format("helmCharts names \"{}\", which needs a chart renderer",
                                     printable(chart.name)))
                       .at(loader.path_of("kustomization.yaml")));
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
            .at(chart.repo.empty() ? loader.path_of("kustomization.yaml") : chart.repo)
            .fix(fmt::format("vendor it there: helm pull {} --untar --untardir {}", chart.name,
                             home)));
  }
  Value values = TRY(values_of(chart, relative, loader));
  const ChartRequest request{.tree = loader.tree(),
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
  auto resources =
      TRY(read_resources(text, fmt::format("chart {}", chart.name), context.read_limits()));
  for (auto& resource : resources)
    resource.from_helm = true;
  return resources;
}

Result<std::vector<Replacement>> load_replacements(const std::vector<Replacement>& entries,
                                                   const Loader& loader) {
  std::vector<Replacement> out;
  for (const auto& entry : entries) {
    if (entry.path.empty()) {
      out.push_back(entry);
      continue;
    }
    if (entry.source || entry.source_value || !entry.targets.empty()) {
      return failure(Error(Code::kustomization, "a replacement has a path and fields of its own")
                         .at(entry.path)
                         .fix("keep one of them"));
    }
    const std::string text = TRY(loader.read(entry.path), "reading replacements");
    auto more = TRY(read_replacements(text, loader.path_of(entry.path)));
    std::move(more.begin(), more.end(), std::back_inserter(out));
  }
  return out;
}

}  // namespace holdfast::kustomize
