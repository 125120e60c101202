// SPDX-License-Identifier: Apache-2.0
#include "helm/dependencies.h"

#include "base/semver.h"
#include "base/text.h"
#include "helm/values.h"

#include <algorithm>
#include <optional>

namespace holdfast::helm {
namespace {

// A listed version is a range that the chart's own has to meet; an unreadable one is met by all.
bool version_fits(const std::string& wanted, std::string_view present) {
  if (wanted.empty()) return true;
  const auto range = semver::Range::parse(wanted);
  const auto version = semver::Version::parse(present);
  return !range || !version || range->contains(*version);
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
  std::vector<Chart> kept;
  for (const auto& subchart : chart.subcharts) {
    const bool listed = std::ranges::any_of(
        chart.dependencies, [&](const Dependency& each) { return each.name == subchart.name; });
    if (!listed) kept.push_back(subchart);
  }
  for (auto& dependency : chart.dependencies) {
    const auto fits = [&](const Chart& each) {
      return each.name == dependency.name &&
             version_fits(dependency.version, each.metadata.text({"version"}));
    };
    auto found = std::ranges::find_if(chart.subcharts, fits);
    if (found == chart.subcharts.end())
      found = std::ranges::find(chart.subcharts, dependency.name, &Chart::name);
    if (found == chart.subcharts.end()) continue;
    Chart copy = *found;
    if (!dependency.alias.empty()) {
      copy.name = dependency.alias;
      copy.metadata["name"] = dependency.alias;
    }
    kept.push_back(std::move(copy));
  }
  for (auto& dependency : chart.dependencies) {
    if (!dependency.alias.empty()) dependency.name = dependency.alias;
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

Result<> process_enabled(Chart& chart, const Object& user, const std::string& prefix) {
  if (chart.dependencies.empty()) return {};
  TRY(check_present(chart));
  apply_aliases(chart);
  Object values = user;
  if (prefix.empty()) {
    values = TRY(coalesce_values(chart, user));
  }
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
    TRY(process_enabled(subchart, values, prefix + subchart.name + "."));
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

// `from` under `into`, nulls of both sides as they are.
void fill_in(Object& into, const Object& from) {
  for (const auto& member : from) {
    auto* mine = into.find(member.key);
    if (mine == nullptr) {
      into.set(member.key, member.value);
    } else if (mine->is_object() && member.value.is_object()) {
      fill_in(*mine->as_object(), *member.value.as_object());
    }
  }
}

Result<> process_imports(Chart& chart) {
  for (auto& subchart : chart.subcharts)
    TRY(process_imports(subchart));
  const bool any = std::ranges::any_of(
      chart.dependencies, [](const Dependency& each) { return !each.import_values.empty(); });
  if (!any) return {};
  const Object values = TRY(coalesce_values(chart, {}));
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
      Object under = nested(parent, *table->as_object());
      fill_in(under, imported);
      imported = std::move(under);
    }
  }
  fill_in(chart.values, imported);
  return {};
}

}  // namespace

Result<> process_dependencies(Chart& chart, const Object& user) {
  TRY(process_enabled(chart, user, ""));
  return process_imports(chart);
}

}  // namespace holdfast::helm
