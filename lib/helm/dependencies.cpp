// SPDX-License-Identifier: Apache-2.0
#include "helm/dependencies.h"

#include "base/semver.h"
#include "base/text.h"
#include "helm/values.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

namespace holdfast::helm {
namespace {

// A listed version is a range that the chart's own has to meet (IsCompatibleRange). A chart that
// does not is treated as one that nobody listed.
bool is_meant(const Dependency& dependency, const Chart& chart) {
  if (dependency.name != chart.name) return false;
  const auto range = semver::Range::parse(dependency.version);
  const auto version = semver::Version::parse(chart.metadata.text({"version"}));
  return range && version && range->contains(*version);
}

Result<> check_present(const Chart& chart) {
  std::vector<std::string> missing;
  for (const auto& dependency : chart.dependencies) {
    const bool present = std::ranges::any_of(
        chart.subcharts, [&](const Chart& each) { return each.name == dependency.name; });
    if (!present) missing.push_back(dependency.name);
  }
  if (missing.empty()) return {};
  return failure(
      Error(Code::chart, fmt::format("dependencies of chart \"{}\" are missing in charts/: {}",
                                     chart.name, fmt::join(missing, ", ")))
          .fix("vendor them: helm dependency build, then commit charts/"));
}

// The subcharts as their dependencies name them: a copy for each alias, the unlisted as they are.
void apply_aliases(Chart& chart) {
  // Which of the charts, in which order; a chart that is meant twice is copied.
  std::vector<std::size_t> chosen;
  std::vector<std::string> aliases;
  for (std::size_t i = 0; i < chart.subcharts.size(); ++i) {
    const bool listed = std::ranges::any_of(chart.dependencies, [&](const Dependency& each) {
      return is_meant(each, chart.subcharts[i]);
    });
    if (listed) continue;
    chosen.push_back(i);
    aliases.emplace_back();
  }
  for (auto& dependency : chart.dependencies) {
    const auto found = std::ranges::find_if(
        chart.subcharts, [&](const Chart& each) { return is_meant(dependency, each); });
    if (found != chart.subcharts.end()) {
      chosen.push_back(static_cast<std::size_t>(found - chart.subcharts.begin()));
      aliases.push_back(dependency.alias);
    }
    if (!dependency.alias.empty()) dependency.name = dependency.alias;
  }
  std::vector<Chart> kept;
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    auto& subchart = chart.subcharts[chosen[i]];
    const bool again = std::find(chosen.begin() + static_cast<std::ptrdiff_t>(i) + 1, chosen.end(),
                                 chosen[i]) != chosen.end();
    kept.push_back(again ? subchart : std::move(subchart));
    if (aliases[i].empty()) continue;
    kept.back().name = aliases[i];
    kept.back().metadata["name"] = aliases[i];
  }
  chart.subcharts = std::move(kept);
}

// The first path of the list that holds a boolean decides.
std::optional<bool> condition_of(const Dependency& dependency, const Object& values,
                                 const std::string& prefix) {
  // White space is cut around the whole list only: "a , b" asks for "a " and " b".
  for (const auto path : split(trim(dependency.condition), ',')) {
    if (path.empty()) continue;
    const auto* value = find_value(values, prefix + std::string(path));
    if (value != nullptr && value->as_bool() != nullptr) return *value->as_bool();
  }
  return std::nullopt;
}

// One tag that is true enables, one that is false and none that is true disables.
std::optional<bool> tags_of(const Dependency& dependency, const Object& values) {
  bool any_true = false, any_false = false;
  for (const auto& tag : dependency.tags) {
    const auto* value = find_value(values, "tags." + tag);
    if (value == nullptr || value->as_bool() == nullptr) continue;
    (*value->as_bool() ? any_true : any_false) = true;
  }
  if (any_true) return true;
  if (any_false) return false;
  return std::nullopt;
}

Result<> process_enabled(Chart& chart, const Object& user, const std::string& prefix,
                         Nulls nulls) {
  if (chart.dependencies.empty()) return {};
  apply_aliases(chart);
  // Upstream puts a subchart's defaults beside the root's, too: its `tags` count where the root has
  // none.
  const Object values = TRY(coalesce_values(chart, user, nulls));
  std::vector<std::string> disabled;
  for (const auto& dependency : chart.dependencies) {
    const bool enabled = condition_of(dependency, values, prefix)
                             .value_or(tags_of(dependency, values).value_or(true));
    if (!enabled) disabled.push_back(dependency.name);
  }
  std::erase_if(chart.subcharts, [&](const Chart& each) {
    return std::ranges::find(disabled, each.name) != disabled.end();
  });
  std::erase_if(chart.dependencies, [&](const Dependency& each) {
    return std::ranges::find(disabled, each.name) != disabled.end();
  });
  for (auto& subchart : chart.subcharts)
    TRY(process_enabled(subchart, values, prefix + subchart.name + ".", nulls));
  return {};
}

// {parent path: imported values} as nested maps.
Object nested(std::string_view path, Object inner) {
  if (path.empty() || path == ".") return inner;
  const auto parts = split(path, '.');
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    Object outer;
    outer.set(*part, std::move(inner));
    inner = std::move(outer);
  }
  return inner;
}

// Afterwards the chart's defaults hold those of its subcharts, with the nulls of both, and what is
// imported below them (processImportValues).
Result<> process_imports(Chart& chart) {
  for (auto& subchart : chart.subcharts)
    TRY(process_imports(subchart));
  if (chart.dependencies.empty()) return {};
  Object values = TRY(coalesce_values(chart, {}, Nulls::keep));
  Object imported;
  for (const auto& dependency : chart.dependencies) {
    for (const auto& import : dependency.import_values) {
      std::string child, parent;
      if (const auto* name = import.as_string()) {
        child = "exports." + *name;
      } else {
        child = import.text({"child"});
        parent = import.text({"parent"});
      }
      const auto* table = find_value(values, dependency.name + "." + child);
      if (table == nullptr || !table->is_object()) continue;  // Helm only warns
      merge_tables(imported, nested(parent, *table->as_object()));
    }
  }
  merge_tables(values, imported);
  chart.values = std::move(values);
  return {};
}

}  // namespace

Result<> process_dependencies(Chart& chart, const Object& user, gotmpl::Flavor flavor) {
  TRY(check_present(chart));
  TRY(process_enabled(chart, user, "", nulls_of(flavor)));
  return process_imports(chart);
}

}  // namespace holdfast::helm
