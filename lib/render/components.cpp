// SPDX-License-Identifier: Apache-2.0
#include "render/components.h"

#include <algorithm>

#include "base/text.h"
#include "helm/ignore.h"

namespace holdfast::render {
namespace {

constexpr std::size_t folders_max = 100'000;

bool is_pattern(std::string_view path) { return path.find_first_of("*?[\\") != std::string_view::npos; }

// What the tool takes for hidden: "..", too, so that "../.." is found.
bool is_hidden(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return base_name(path).starts_with('.');
}

class Glob {
 public:
  Glob(const tree::FileTree& tree, const std::string& folder) : tree_(tree), folder_(folder) {}

  // Paths as the pattern begins, in the order of their names.
  Result<std::vector<std::string>> find(std::string_view pattern) {
    if (!is_pattern(pattern)) {
      const auto inside = join_inside(folder_, pattern);
      if (!inside) return std::vector<std::string>();
      const auto kind = TRY(tree_.kind(*inside));
      return kind ? std::vector{std::string(pattern)} : std::vector<std::string>();
    }
    const auto slash = pattern.rfind('/');
    const auto parent = slash == std::string_view::npos ? std::string_view() : pattern.substr(0, slash);
    const auto name = slash == std::string_view::npos ? pattern : pattern.substr(slash + 1);
    std::vector<std::string> parents{std::string(parent)};
    if (is_pattern(parent)) parents = TRY(find(parent));
    std::vector<std::string> found;
    for (const auto& each : parents) TRY(find_in(each, name, found));
    return found;
  }

 private:
  Result<> find_in(const std::string& parent, std::string_view name, std::vector<std::string>& found) {
    if (++folders_ > folders_max) return failure(Code::limit, "a pattern of components walks more than {} folders", folders_max);
    const auto inside = join_inside(folder_, parent);
    if (!inside) return {};
    const auto kind = TRY(tree_.kind(*inside));
    if (kind != tree::EntryKind::directory) return {};
    const auto entries = TRY(tree_.list(*inside));
    for (const auto& entry : entries) {
      if (helm::file_match(name, entry.name)) found.push_back(clean_path(fmt::format("{}/{}", parent.empty() ? "." : parent, entry.name)));
    }
    return {};
  }

  const tree::FileTree& tree_;
  const std::string& folder_;
  std::size_t folders_ = 0;
};

}  // namespace

Result<std::optional<std::string>> find_kustomization(const tree::FileTree& tree, const std::string& folder) {
  for (const std::string_view name : {"kustomization.yaml", "kustomization.yml", "Kustomization"}) {
    auto path = folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name);
    const bool there = TRY(tree::is_file(tree, path));
    if (there) return path;
  }
  return std::nullopt;
}

Result<Array> find_components(const tree::FileTree& tree, const std::string& folder, const Value& options) {
  Array found;
  const Value* components = options.find("components");
  if (components == nullptr || components->as_array() == nullptr) return found;
  const Value* ignore = options.find("ignoreMissingComponents");
  const bool may_be_missing = ignore != nullptr && *ignore == Value(true);
  Glob glob(tree, folder);
  for (const auto& component : *components->as_array()) {
    const auto* path = component.as_string();
    if (path == nullptr) continue;
    if (may_be_missing) {
      const auto inside = join_inside(folder, *path);
      if (!inside) continue;
      const auto kustomization = TRY(find_kustomization(tree, *inside));
      if (kustomization) found.push_back(component);
      continue;
    }
    auto matches = TRY(glob.find(*path));
    if (!is_hidden(*path)) std::erase_if(matches, is_hidden);
    if (matches.empty()) matches.push_back(*path);
    for (auto& each : matches) found.emplace_back(std::move(each));
  }
  return found;
}

}  // namespace holdfast::render
