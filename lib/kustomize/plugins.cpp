// SPDX-License-Identifier: Apache-2.0
#include "kustomize/plugins.h"

#include "base/text.h"
#include "kustomize/charts.h"
#include "kustomize/field_path.h"
#include "kustomize/generators.h"
#include "kustomize/patches.h"
#include "kustomize/replacements.h"
#include "kustomize/transformers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::kustomize {
namespace {

Result<PluginConfig> config_of(const Resource& config) {
  const Gvk gvk = config.gvk();
  if (!gvk.group.empty() || gvk.version != "builtin") {
    return failure(
        Error(Code::source_unsupported,
              fmt::format("\"{}\" ({}) is a plugin that would run a program or a container",
                          gvk.kind, api_version_of(config.body)))
            .at(config.at)
            .fix("use a built-in one (apiVersion: builtin), or commit what the plugin makes"));
  }
  return read_plugin(config.body, config.at);
}

Result<Resource> google_account(const PluginConfig& plugin) {
  if (plugin.iam.cloud != "gke")
    return failure(Code::source_unsupported,
                   "IAMPolicyGenerator knows the cloud \"gke\" only, not \"{}\"", plugin.iam.cloud);
  Resource out;
  out.body["apiVersion"] = "v1";
  out.body["kind"] = "ServiceAccount";
  out.body["metadata"]["annotations"]["iam.gke.io/gcp-service-account"] =
      fmt::format("{}@{}.iam.gserviceaccount.com", plugin.iam.service_account, plugin.iam.project);
  out.body["metadata"]["name"] = plugin.iam.kubernetes_account;
  const auto& space =
      plugin.iam.kubernetes_space.empty() ? plugin.space : plugin.iam.kubernetes_space;
  if (!space.empty()) out.body["metadata"]["namespace"] = space;
  return out;
}

Result<std::optional<std::vector<Resource>>> generated(const PluginConfig& plugin,
                                                       const Loader& loader, const Entry& entry,
                                                       BuildContext& context) {
  std::vector<Resource> out;
  if (plugin.kind == "ConfigMapGenerator" || plugin.kind == "SecretGenerator") {
    Generator generator = plugin.generator;
    if (generator.name.empty()) generator.name = plugin.name;
    if (generator.space.empty()) generator.space = plugin.space;
    out.push_back(TRY(generate(plugin.kind == "SecretGenerator" ? Made::secret : Made::config_map,
                               generator, loader, entry)));
  } else if (plugin.kind == "IAMPolicyGenerator") {
    out.push_back(TRY(google_account(plugin)));
  } else if (plugin.kind == "HelmChartInflationGenerator") {
    out = TRY(render_chart(plugin.chart, plugin.globals, loader, context));
  } else {
    return std::nullopt;
  }
  return std::optional(std::move(out));
}

Result<Subjects> subjects_of(const PluginConfig& plugin) {
  const auto& word = plugin.role_binding_subjects;
  if (word.empty() || word == "defaultOnly") return Subjects::named_default;
  if (word == "allServiceAccounts") return Subjects::all_service_accounts;
  if (word == "none") return Subjects::none;
  return failure(Error(Code::kustomization, fmt::format("setRoleBindingSubjects is \"{}\"", word))
                     .fix("write one of: allServiceAccounts, defaultOnly, none"));
}

// Puts a part into a path: at position 1 first, beyond the end last; a leading '/' stays.
std::string with_path_part(std::string_view path, std::size_t position, const std::string& part) {
  const bool absolute = path.starts_with('/');
  std::vector<std::string> parts;
  for (const auto each : split(path, '/')) {
    if (!each.empty()) parts.emplace_back(each);
  }
  const auto at = std::min(position, parts.size());
  parts.insert(parts.begin() + static_cast<std::ptrdiff_t>(at), part);
  std::string out;
  for (const auto& each : parts)
    out += (out.empty() && !absolute ? "" : "/") + each;
  return out;
}

Result<> add_values(ResourceSet& resources, const PluginConfig& plugin, const Loader& loader) {
  std::string value(trim(plugin.value));
  if (value.empty()) value = base_name(loader.directory());
  auto targets = plugin.targets;
  if (!plugin.target_file.empty()) {
    const std::string text = TRY(loader.read(plugin.target_file));
    std::ranges::move(TRY(read_value_targets(text, loader.path_of(plugin.target_file),
                                             loader.read_limits())),
                      std::back_inserter(targets));
  }
  if (targets.empty())
    return failure(Error(Code::kustomization, "a ValueAddTransformer has no targets")
                       .fix("give it \"targets\""));
  for (const auto& target : targets) {
    if (target.field_path.empty())
      return failure(Error(Code::kustomization, "a target has no fieldPath")
                         .fix("give it one, as metadata/name"));
    const Target chosen = TRY(Target::make(target.selector.value_or(Selector{})));
    const auto path = split_path(target.field_path, '/');
    for (Resource* resource : resources.selected_by(chosen)) {
      if (target.field_path == "metadata/namespace") {
        const FieldSpecs none;
        const NamespaceChange change{.space = value, .specs = none};
        TRY(set_namespace_field(*resource, change));
        resources.renamed(*resource);
        continue;
      }
      const auto matches = TRY(match_all(resource->body, path, Value::Kind::string));
      for (Value* field : matches.fields) {
        const std::string old = field->is_null() ? std::string() : text_of(*field);
        *field = target.position > 0
                     ? with_path_part(old, static_cast<std::size_t>(target.position - 1), value)
                     : value;
        TRY(loader.budget().grow(size_of(*field)));
      }
      resources.renamed(*resource);
    }
  }
  return {};
}

Result<> affixes(ResourceSet& resources, const PluginConfig& plugin) {
  if (plugin.field_specs.empty())
    return failure(
        Error(Code::kustomization, "a PrefixTransformer or SuffixTransformer has no fieldSpecs")
            .fix("give it fieldSpecs: [{path: metadata/name}]"));
  if (plugin.kind != "SuffixTransformer")
    TRY(add_prefix(resources, plugin.prefix, plugin.field_specs));
  if (plugin.kind != "PrefixTransformer")
    TRY(add_suffix(resources, plugin.suffix, plugin.field_specs));
  return {};
}

Result<> all_replacements(ResourceSet& resources, const PluginConfig& plugin, const Loader& loader,
                          const Entry& entry) {
  const auto all = TRY(load_replacements(plugin.replacements, loader, entry.at("/replacements")));
  return replace_fields(resources, all, loader.budget());
}

Result<> strategic(ResourceSet& resources, const PluginConfig& plugin, const Loader& loader,
                   const MergeSchema& schema, const Entry& entry) {
  auto patches = plugin.paths;
  if (!plugin.patches.empty()) patches.push_back(plugin.patches);
  return apply_strategic_merges(resources, patches, loader, schema, entry.at("/paths"));
}

// What the plugin puts into each resource; patches and values are charged where they are put.
std::size_t into_each(const PluginConfig& plugin) {
  const Image& image = plugin.image;
  return size_of(plugin.labels) + size_of(plugin.annotations) + plugin.space.size() +
         plugin.prefix.size() + plugin.suffix.size() + image.new_name.size() +
         image.new_tag.size() + image.digest.size() + image.tag_suffix.size();
}

Result<> transform(ResourceSet& resources, const PluginConfig& plugin, const Loader& loader,
                   const MergeSchema& schema, const Entry& entry) {
  const std::string_view kind = plugin.kind;
  const auto& specs = plugin.field_specs;
  if (kind == "AnnotationsTransformer") return set_pairs(resources, plugin.annotations, specs);
  if (kind == "LabelTransformer") return set_pairs(resources, plugin.labels, specs);
  if (kind == "HashTransformer") return add_hashes(resources);
  if (kind == "ImageTagTransformer") return set_images(resources, plugin.image, specs);
  if (kind == "NamespaceTransformer") {
    const Subjects subjects = TRY(subjects_of(plugin));
    return set_namespaces(
        resources, {.space = plugin.space,
                    .specs = specs,
                    .subjects = subjects,
                    .overwrite = plugin.unset_only ? Overwrite::unset_only : Overwrite::always});
  }
  if (kind == "PatchJson6902Transformer") {
    Patch patch = plugin.patch;
    if (patch.patch.empty()) patch.patch = plugin.json_op;
    return apply_json6902(resources, patch, loader, entry);
  }
  if (kind == "PatchStrategicMergeTransformer") return strategic(resources, plugin, loader, schema, entry);
  if (kind == "PatchTransformer") return apply_patch(resources, plugin.patch, loader, schema, entry);
  if (kind == "PrefixTransformer" || kind == "SuffixTransformer" ||
      kind == "PrefixSuffixTransformer")
    return affixes(resources, plugin);
  if (kind == "ReplacementTransformer") return all_replacements(resources, plugin, loader, entry);
  if (kind == "ReplicaCountTransformer") return set_replicas(resources, plugin.replica, specs);
  if (kind == "ValueAddTransformer") return add_values(resources, plugin, loader);
  static constexpr auto known = std::to_array<std::string_view>(
      {"AnnotationsTransformer", "ConfigMapGenerator", "HashTransformer",
       "HelmChartInflationGenerator", "IAMPolicyGenerator", "ImageTagTransformer",
       "LabelTransformer", "NamespaceTransformer", "PatchJson6902Transformer",
       "PatchStrategicMergeTransformer", "PatchTransformer", "PrefixSuffixTransformer",
       "PrefixTransformer", "ReplacementTransformer", "ReplicaCountTransformer", "SecretGenerator",
       "SuffixTransformer", "ValueAddTransformer"});
  const auto near = nearest(kind, known);
  return failure(
      Error(Code::kustomization, fmt::format("there is no built-in plugin \"{}\"", printable(kind)))
          .fix(near ? fmt::format("did you mean \"{}\"?", *near)
                    : "use one of kustomize's built-in transformers"));
}

}  // namespace

Result<std::vector<Resource>> run_generator(const Resource& config, const Loader& loader,
                                            BuildContext& context) {
  const PluginConfig plugin = TRY(config_of(config));
  auto made = generated(plugin, loader, Entry(config), context);
  if (!made) return failure(std::move(made).error().at(config.at));
  if (!*made) {
    return failure(Error(Code::kustomization, fmt::format("\"{}\" is not a generator", plugin.kind))
                       .at(config.at)
                       .fix("list it under \"transformers\""));
  }
  return **std::move(made);
}

Result<> run_transformer(ResourceSet& resources, const Resource& config, const Loader& loader,
                         BuildContext& context) {
  const PluginConfig plugin = TRY(config_of(config));
  auto room = loader.budget().grow(into_each(plugin) * resources.size());
  if (!room) return failure(std::move(room).error().at(config.at));
  auto done = transform(resources, plugin, loader, context.schema(), Entry(config));
  if (!done) return failure(std::move(done).error().at(config.at));
  resources.drop_empty();
  return {};
}

}  // namespace holdfast::kustomize
