// SPDX-License-Identifier: Apache-2.0
#include "render/detect.h"

#include "base/text.h"
#include "value/patch.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <array>

namespace holdfast::render {

std::string_view type_name(Type type) {
  switch (type) {
    case Type::directory: return "Directory";
    case Type::kustomize: return "Kustomize";
    case Type::helm: return "Helm";
  }
  std::unreachable();
}

Result<std::string> source_folder(const tree::FileTree& tree, std::string_view path) {
  if (path.starts_with('/')) {
    return failure(Code::path_outside,
                   "path '{}' is absolute, it must start at the repository's root",
                   printable(path));
  }
  auto folder = join_inside("", path);
  if (!folder)
    return failure(Code::path_outside, "path '{}' leads out of the repository", printable(path));
  const auto kind = TRY(tree.kind(*folder));
  if (!kind)
    return failure(Code::path_missing, "path '{}' is not in the repository", printable(path));
  if (*kind == tree::EntryKind::directory) return *std::move(folder);
  return failure(Code::path_missing, "path '{}' is a file, not a folder", printable(path));
}

Result<Value> with_overrides(const Value& source, std::string_view application,
                             const tree::FileTree& tree, std::string_view folder) {
  Value merged = source;
  std::vector<std::string> names{".argocd-source.yaml"};
  if (!application.empty()) names.push_back(fmt::format(".argocd-source-{}.yaml", application));
  for (const auto& name : names) {
    const auto path = join_inside(folder, name);
    if (!path) continue;
    const bool there = TRY(tree::is_file(tree, *path));
    if (!there) continue;
    const auto text = TRY(tree.read(*path));
    const auto patch = TRY(yaml::parse_one(text, *path, yaml::Dialect::kube));
    if (!patch.is_object()) continue;
    merged = json::apply_merge_patch(std::move(merged), patch);
  }
  for (const std::string_view kept : {"repoURL", "path", "chart", "targetRevision"}) {
    const auto* held = source.find(kept);
    if (held != nullptr) {
      merged[kept] = *held;
    } else if (auto* object = merged.as_object()) {
      object->erase(kept);
    }
  }
  return merged;
}

Result<Type> detect(const Value& source, const tree::FileTree& tree, std::string_view folder) {
  struct Explicit {
    std::string_view key;
    std::optional<Type> type;
  };

  constexpr std::array<Explicit, 4> known{{{"kustomize", Type::kustomize},
                                           {"helm", Type::helm},
                                           {"directory", Type::directory},
                                           {"plugin", std::nullopt}}};
  std::vector<Explicit> given;
  for (const auto& each : known) {
    const auto* held = source.find(each.key);
    if (held != nullptr && !held->is_null()) given.push_back(each);
  }
  if (given.size() > 1) {
    return failure(Code::application_spec, "the source is both '{}' and '{}', it can be one",
                   given[0].key, given[1].key);
  }
  if (given.size() == 1) {
    if (given[0].type) return *given[0].type;
    return failure(Code::source_unsupported, "sources of kind 'plugin' are not rendered here");
  }
  Type found = Type::directory;
  const auto entries = TRY(tree.list(folder));
  for (const auto& entry : entries) {
    if (entry.kind != tree::EntryKind::file) continue;
    const bool kustomization = entry.name == "kustomization.yaml" ||
                               entry.name == "kustomization.yml" || entry.name == "Kustomization";
    if (kustomization) return Type::kustomize;
    if (entry.name.ends_with("Chart.yaml")) found = Type::helm;
  }
  return found;
}

Value without_empty_blocks(Value source) {
  for (const std::string_view name : {"helm", "kustomize", "directory", "plugin"}) {
    const Value* block = source.find(name);
    if (block != nullptr && block->as_object() != nullptr && block->as_object()->empty()) source.as_object()->erase(name);
  }
  return source;
}

Result<std::optional<std::string>> chart_folder(const Value& source, std::string_view application, const tree::FileTree& tree) {
  auto folder = TRY(source_folder(tree, source.text({"path"})));
  const auto merged = TRY(with_overrides(source, application, tree, folder));
  const auto type = TRY(detect(without_empty_blocks(merged), tree, folder));
  return type == Type::helm ? std::optional(std::move(folder)) : std::nullopt;
}

}  // namespace holdfast::render
