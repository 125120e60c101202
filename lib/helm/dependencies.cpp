// SPDX-License-Identifier: Apache-2.0
#include "helm/dependencies.h"

#include "base/semver.h"
#include "base/text.h"
#include "helm/values.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <set>
#include <utility>

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

// Subcharts by their names: there may be hundreds, and several versions of one.
class SubchartsByName {
 public:
  explicit SubchartsByName(const std::vector<Chart>& charts) {
    for (std::size_t i = 0; i < charts.size(); ++i) places_.emplace_back(charts[i].name, i);
    std::ranges::sort(places_);
  }

  // Those of that name, in the charts' order.
  [[nodiscard]] auto of(std::string_view name) const {
    return std::ranges::equal_range(places_, name, {}, &Place::first);
  }

 private:
  using Place = std::pair<std::string_view, std::size_t>;
  std::vector<Place> places_;
};

Result<> check_present(const Chart& chart) {
  const SubchartsByName subcharts(chart.subcharts);
  std::vector<std::string> missing;
  for (const auto& dependency : chart.dependencies) {
    if (subcharts.of(dependency.name).empty()) missing.push_back(dependency.name);
  }
  if (missing.empty()) return {};
  return failure(
      Error(Code::chart, fmt::format("dependencies of chart \"{}\" are missing in charts/: {}",
                                     chart.name, fmt::join(missing, ", ")))
          .fix("vendor them: helm dependency build, then commit charts/"));
}

// The subcharts as their dependencies name them: the unlisted as they are, then one for each
// dependency, a copy where a chart is meant twice.
void apply_aliases(Chart& chart) {
  struct Use {
    std::size_t subchart;
    std::string alias;
  };
  const SubchartsByName by_name(chart.subcharts);
  std::vector<std::size_t> users(chart.subcharts.size());
  std::vector<bool> listed(chart.subcharts.size());
  std::vector<Use> uses;
  for (auto& dependency : chart.dependencies) {
    bool found = false;
    for (const auto& [name, at] : by_name.of(dependency.name)) {
      if (!is_meant(dependency, chart.subcharts[at])) continue;
      listed[at] = true;
      if (std::exchange(found, true)) continue;
      ++users[at];
      uses.emplace_back(at, dependency.alias);
    }
    if (!dependency.alias.empty()) dependency.name = dependency.alias;
  }
  std::vector<Chart> kept;
  for (std::size_t at = 0; at < listed.size(); ++at) {
    if (!listed[at]) kept.push_back(std::move(chart.subcharts[at]));
  }
  for (const auto& [at, alias] : uses) {
    auto& subchart = chart.subcharts[at];
    kept.push_back(--users[at] > 0 ? subchart : std::move(subchart));
    if (alias.empty()) continue;
    kept.back().name = alias;
    kept.back().metadata["name"] = alias;
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
  std::set<std::string> disabled;
  for (const auto& dependency : chart.dependencies) {
    const bool enabled = condition_of(dependency, values, prefix)
                             .value_or(tags_of(dependency, values).value_or(true));
    if (!enabled) disabled.insert(dependency.name);
  }
  const auto is_disabled = [&](const auto& each) { return disabled.contains(each.name); };
  std::erase_if(chart.subcharts, is_disabled);
  std::erase_if(chart.dependencies, is_disabled);
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
