// SPDX-License-Identifier: Apache-2.0
#include "charts/dependencies.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "value/json.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace holdfast::charts {
namespace {

constexpr yaml::Limits yaml_limits{.duplicates = yaml::Duplicates::keep_last};

std::string in_folder(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name);
}

Result<Value> read_document(const tree::FileTree& tree, const std::string& path) {
  const bool there = TRY(tree::is_file(tree, path));
  if (!there) return Value();
  const auto text = TRY(tree.read(path));
  return yaml::parse_one(text, path, yaml::Dialect::kube, yaml_limits);
}

Array dependencies_of(const Value& document) {
  const auto* list = document.find("dependencies");
  return list != nullptr && list->is_array() ? *list->as_array() : Array();
}

// encoding/json of chart.Dependency: the struct's own order, empty fields left out but name and
// repository.
std::string go_json(const Value& dependency) {
  std::string out = "{";
  for (const std::string_view key : {"name", "version", "repository", "condition", "tags",
                                     "enabled", "import-values", "alias"}) {
    const auto* held = dependency.find(key);
    const bool always = key == "name" || key == "repository";
    const bool empty = held == nullptr || held->is_null() || *held == Value("") ||
                       *held == Value(false) || *held == Value(Array());
    if (empty && !always) continue;
    if (out.size() > 1) out += ',';
    out += fmt::format("\"{}\":{}", key, empty ? "\"\"" : json::write(*held));
  }
  return out + "}";
}

std::string go_json(const Array& dependencies) {
  std::vector<std::string> parts;
  for (const auto& dependency : dependencies)
    parts.push_back(go_json(dependency));
  return fmt::format("[{}]", fmt::join(parts, ","));
}

bool lock_fits(const Array& asked, const Array& locked, std::string_view digest, bool first_api) {
  const auto both = fmt::format("[{},{}]", go_json(asked), go_json(locked));
  if (crypto::sha256(both).text() == digest) return true;
  const auto alone = fmt::format("{{\"dependencies\":{}}}", go_json(asked));
  return first_api && crypto::sha256(alone).text() == digest;
}

struct Requirements {
  Array asked;   // Chart.yaml's or requirements.yaml's
  Array locked;  // empty without a lock
};

Result<Requirements> read_requirements(const tree::FileTree& tree, const std::string& folder,
                                       const Value& chart) {
  Requirements out;
  out.asked = dependencies_of(chart);
  const auto separate = TRY(read_document(tree, in_folder(folder, "requirements.yaml")));
  if (separate.find("dependencies") != nullptr) out.asked = dependencies_of(separate);
  for (const std::string_view name : {"Chart.lock", "requirements.lock"}) {
    const auto path = in_folder(folder, name);
    const auto lock = TRY(read_document(tree, path));
    if (lock.is_null()) continue;
    out.locked = dependencies_of(lock);
    const bool first_api = chart.text({"apiVersion"}) == "v1";
    if (!lock_fits(out.asked, out.locked, lock.text({"digest"}), first_api)) {
      return failure(Error(Code::chart, "the lock file is out of sync with the dependencies file")
                         .at(path)
                         .fix("helm dependency update, then commit"));
    }
    return out;
  }
  return out;
}

// Names of the charts under charts/: folders and packages ("mysql-8.8.1.tgz" is "mysql" to us when
// a dependency of that name is asked for).
Result<bool> has_chart(const tree::FileTree& tree, const std::string& folder,
                       const std::string& name) {
  const auto charts = in_folder(folder, "charts");
  const auto kind = TRY(tree.kind(charts));
  if (kind != tree::EntryKind::directory) return false;
  const auto entries = TRY(tree.list(charts));
  for (const auto& entry : entries) {
    if (entry.kind == tree::EntryKind::file) {
      const bool package = entry.name.ends_with(".tgz") && entry.name.starts_with(name + "-") &&
                           entry.name.size() > name.size() + 1 &&
                           (entry.name[name.size() + 1] == 'v' ||
                            (entry.name[name.size() + 1] >= '0' && entry.name[name.size() + 1] <= '9'));
      if (package) return true;
      continue;
    }
    const auto path = fmt::format("{}/{}/Chart.yaml", charts, entry.name);
    const auto chart = TRY(read_document(tree, path));
    if (chart.text({"name"}) == name) return true;
  }
  return false;
}

Result<> check_repository(const MissingChart& missing, const std::string& folder) {
  for (const std::string_view known : {"https://", "http://", "oci://", "file://", "@", "alias:"}) {
    if (missing.repository.starts_with(known)) return {};
  }
  const auto what = missing.repository.empty()
                        ? fmt::format("chart \"{}\" is not in charts/ and has no repository",
                                      printable(missing.name))
                        : fmt::format("chart \"{}\" has repository \"{}\", which Helm does not know",
                                      printable(missing.name), printable(missing.repository));
  const auto place = in_folder(folder, "Chart.yaml");
  return failure(Error(Code::chart, what).at(place));
}

}  // namespace

Result<std::vector<MissingChart>> missing_charts(const tree::FileTree& tree,
                                                 const std::string& folder) {
  std::vector<MissingChart> missing;
  const auto chart = TRY(read_document(tree, in_folder(folder, "Chart.yaml")));
  if (!chart.is_object()) return missing;
  Array asked = dependencies_of(chart);
  const auto separate = TRY(read_document(tree, in_folder(folder, "requirements.yaml")));
  if (separate.find("dependencies") != nullptr) asked = dependencies_of(separate);
  bool complete = true;
  for (const auto& dependency : asked) {
    const bool there = TRY(has_chart(tree, folder, std::string(dependency.text({"name"}))));
    complete = complete && there;
  }
  if (complete) return missing;
  // Only now does the lock matter: Helm does not look at it while nothing is missing.
  const auto requirements = TRY(read_requirements(tree, folder, chart));
  for (const auto& dependency : requirements.asked) {
    MissingChart each{.name = std::string(dependency.text({"name"})),
                      .version = std::string(dependency.text({"version"})),
                      .repository = std::string(dependency.text({"repository"}))};
    const bool there = TRY(has_chart(tree, folder, each.name));
    if (there) continue;
    const auto locked = std::ranges::find_if(requirements.locked, [&](const Value& value) {
      return value.text({"name"}) == each.name &&
             (requirements.locked.size() == 1 || value.text({"repository"}) == each.repository ||
              value.text({"repository"}).empty());
    });
    if (locked != requirements.locked.end()) each.version = locked->text({"version"});
    TRY(check_repository(each, folder));
    missing.push_back(std::move(each));
  }
  return missing;
}

}  // namespace holdfast::charts
