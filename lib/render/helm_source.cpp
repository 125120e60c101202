// SPDX-License-Identifier: Apache-2.0
#include "render/helm_source.h"

#include <algorithm>

#include "base/text.h"
#include "helm/helm.h"
#include "helm/set.h"
#include "helm/values.h"
#include "yaml/yaml.h"

namespace holdfast::render {
namespace {

constexpr yaml::Limits yaml_limits{.duplicates = yaml::Duplicates::keep_last};

bool flag(const Value& options, std::string_view key) {
  const auto* value = options.find(key);
  return value != nullptr && value->as_bool() != nullptr && *value->as_bool();
}

std::string_view text(const Value& options, std::string_view key) { return options.text({key}); }

struct ValuesFile {
  const tree::FileTree* tree;
  std::string path;
};

// "values.yaml" beside the chart, "/path" from the repository's root, "$ref/path" in another source.
Result<ValuesFile> locate_file(const Context& context, const tree::FileTree& tree, std::string_view folder, std::string_view name) {
  if (name.find("://") != std::string_view::npos) {
    return failure(Error(Code::source_unsupported, fmt::format("values from the URL \"{}\"", printable(name))).fix("commit the file to the repository"));
  }
  if (name.starts_with('$')) {
    const auto slash = name.find('/');
    const auto reference = context.references.find(name.substr(0, slash));
    if (reference == context.references.end() || slash == std::string_view::npos) {
      return failure(Code::application_spec, "no source has the ref that \"{}\" names", printable(name));
    }
    const auto inside = join_inside("", name.substr(slash + 1));
    if (!inside) return failure(Code::path_outside, "values file \"{}\" leaves its repository", printable(name));
    return ValuesFile{.tree = reference->second.get(), .path = *inside};
  }
  const bool from_root = name.starts_with('/');
  const auto inside = from_root ? join_inside("", name.substr(1)) : join_inside(folder, name);
  if (!inside) return failure(Code::path_outside, "values file \"{}\" leaves the repository", printable(name));
  return ValuesFile{.tree = &tree, .path = *inside};
}

Result<> merge_text(Object& values, std::string_view content, const std::string& name) {
  auto documents = TRY(yaml::parse_all(content, name, yaml::Dialect::kube, yaml_limits));
  for (auto& document : documents) {
    if (!document.value.is_object()) {
      return failure(Error(Code::chart_values, fmt::format("values must be a map, not {}", kind_name(document.value.kind()))).at(yaml::place(name, document.start)));
    }
    helm::widen_numbers(document.value);
    helm::merge_documents(values, *document.value.as_object());
  }
  return {};
}

Result<> merge_files(Object& values, const Value& options, const Context& context, const tree::FileTree& tree, std::string_view folder) {
  const auto* files = options.find("valueFiles");
  if (files == nullptr || !files->is_array()) return {};
  for (const auto& each : *files->as_array()) {
    const auto* name = each.as_string();
    if (name == nullptr) return failure(Code::application_spec, "an entry of helm.valueFiles is no text");
    const auto file = TRY(locate_file(context, tree, folder, *name));
    const bool there = TRY(tree::is_file(*file.tree, file.path));
    if (!there && flag(options, "ignoreMissingValueFiles")) continue;
    const std::string content = TRY(file.tree->read(file.path), "helm.valueFiles");
    TRY(merge_text(values, content, file.path));
  }
  return {};
}

// A comma is part of the value unless the value is a list "{a,b}" (util/helm/cmd.go cleanSetParameters).
std::string escaped(std::string_view value) {
  if (value.starts_with('{') && value.ends_with('}')) return std::string(value);
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == ',' && (i == 0 || value[i - 1] != '\\')) out += '\\';
    out += value[i];
  }
  return out;
}

Result<> set_parameters(Object& values, const Value& options, const Context& context, const tree::FileTree& tree, std::string_view folder) {
  if (const auto* parameters = options.find("parameters"); parameters != nullptr && parameters->is_array()) {
    for (const auto& each : *parameters->as_array()) {
      const auto kind = flag(each, "forceString") ? helm::SetKind::text : helm::SetKind::typed;
      TRY(helm::set_values(values, fmt::format("{}={}", text(each, "name"), escaped(text(each, "value"))), kind), "helm.parameters");
    }
  }
  if (const auto* parameters = options.find("fileParameters"); parameters != nullptr && parameters->is_array()) {
    for (const auto& each : *parameters->as_array()) {
      const auto file = TRY(locate_file(context, tree, folder, text(each, "path")));
      std::string content = TRY(file.tree->read(file.path), "helm.fileParameters");
      TRY(helm::set_text(values, text(each, "name"), std::move(content)));
    }
  }
  return {};
}

Result<Object> user_values(const Value& options, const Context& context, const tree::FileTree& tree, std::string_view folder) {
  Object values;
  TRY(merge_files(values, options, context, tree, folder));
  const auto* object = options.find("valuesObject");
  if (object != nullptr && object->is_object()) {
    Value copy = *object;
    helm::widen_numbers(copy);
    helm::merge_documents(values, *copy.as_object());
  } else if (const auto inline_values = text(options, "values"); !inline_values.empty()) {
    TRY(merge_text(values, inline_values, "helm.values"));
  }
  TRY(set_parameters(values, options, context, tree, folder));
  return values;
}

helm::Settings settings_of(const Value& options, const Context& context) {
  helm::Settings settings;
  const auto release = text(options, "releaseName");
  const auto namespace_ = text(options, "namespace");
  settings.release.name = release.empty() ? context.application : std::string(release);
  settings.release.namespace_ = namespace_.empty() ? context.namespace_ : std::string(namespace_);
  const auto kube_version = text(options, "kubeVersion");
  if (!kube_version.empty()) settings.kube_version = kube_version;
  else if (!context.kube_version.empty()) settings.kube_version = context.kube_version;
  settings.api_versions = context.api_versions;
  if (const auto* versions = options.find("apiVersions"); versions != nullptr && versions->is_array() && !versions->as_array()->empty()) {
    settings.api_versions.clear();
    for (const auto& each : *versions->as_array()) {
      if (const auto* name = each.as_string()) settings.api_versions.push_back(*name);
    }
  }
  settings.crds = flag(options, "skipCrds") ? helm::Include::no : helm::Include::yes;
  settings.tests = flag(options, "skipTests") ? helm::Include::no : helm::Include::yes;
  return settings;
}

}  // namespace

Result<std::vector<Manifest>> render_helm(const Value& source, const Context& context,
                                          const tree::FileTree& tree, std::string_view folder) {
  static const Value none = Object();
  const auto* given = source.find("helm");
  const Value& options = given != nullptr && given->is_object() ? *given : none;
  const Object values = TRY(user_values(options, context, tree, folder));
  auto chart = TRY(helm::load_chart(tree, folder));
  const auto documents = TRY(helm::render(std::move(chart), values, settings_of(options, context)));

  std::vector<Manifest> manifests;
  for (const auto& document : documents) {
    auto parsed = TRY(yaml::parse_all(document.text, document.source, yaml::Dialect::kube, yaml_limits));
    for (auto& each : parsed) manifests.push_back({.object = std::move(each.value), .origin = document.source});
  }
  return manifests;
}

}  // namespace holdfast::render
