// SPDX-License-Identifier: Apache-2.0
#include "kustomize/layer.h"

#include "base/text.h"
#include "kustomize/charts.h"
#include "kustomize/crds.h"
#include "kustomize/generators.h"
#include "kustomize/origin.h"
#include "kustomize/patches.h"
#include "kustomize/plugins.h"
#include "kustomize/replacements.h"
#include "kustomize/transformers.h"
#include "yaml/yaml.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace holdfast::kustomize {
namespace {

constexpr auto file_names =
    std::to_array<std::string_view>({"kustomization.yaml", "kustomization.yml", "Kustomization"});

Result<std::string> find_file(const Loader& loader) {
  std::string found;
  for (const auto name : file_names) {
    if (!TRY(loader.has_file(name))) continue;
    if (!found.empty()) {
      return failure(
          Error(Code::kustomization, fmt::format("the directory \"{}\" has \"{}\" and \"{}\"",
                                                 loader.shown(), found, name))
              .fix("keep one of them"));
    }
    found = name;
  }
  if (found.empty()) {
    return failure(
        Error(Code::kustomization,
              fmt::format("the directory \"{}\" has no kustomization file", loader.shown()))
            .fix(
                "add a kustomization.yaml that lists its resources, or list the files one by one"));
  }
  return found;
}

}  // namespace

Result<Layer> Layer::open(Loader loader, BuildContext& context) {
  std::string file = TRY(find_file(loader));
  const std::string text = TRY(loader.read(file));
  const std::string path = loader.path_of(file);
  Kustomization kustomization = TRY(read_kustomization(text, path, loader.read_limits()));
  for (auto& warning : kustomization.warnings)
    context.warnings.push_back(std::move(warning));
  return Layer(std::move(loader), std::move(kustomization), std::move(file), context);
}

std::string Layer::place(const std::string& entry) const {
  const auto found = kustomization_.pointers.find(entry);
  return found == kustomization_.pointers.end() ? own_path() : place_at(found->second);
}

std::string Layer::place_at(std::string_view pointer) const {
  return yaml::place(own_path(), yaml::locate(kustomization_.text, 0, pointer));
}

std::string Layer::origin_of(const std::string& path) const {
  return clean_path(fmt::format("{}/{}", *inherited_.origin, path));
}

std::string Layer::own_path() const {
  return loader_.path_of(file_);
}

std::string Layer::configured_in() const {
  return origin_of(file_);
}

Result<> Layer::accumulate(Accumulated& into) {
  TRY(add_resources(into, kustomization_.resources));
  TRY(add_configuration(into));
  TRY(generate(into));
  for (const auto& path : kustomization_.components)
    TRY(add_directory(into, path, Listed::component));
  TRY(transform(into));
  TRY(validate(into.resources));
  auto vars = add_vars(into.vars, kustomization_.vars, into.resources, loader_.budget());
  if (!vars) return failure(std::move(vars).error().at(place_at("/vars")));
  auto in_limit = context_->count_resources(into.resources.size());
  if (!in_limit) return failure(std::move(in_limit).error().at(own_path()));
  return {};
}

Result<> Layer::add_resources(Accumulated& into, const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    if (path.empty()) {
      return failure(Error(Code::kustomization, "an empty path is listed under \"resources\"")
                         .at(place(path))
                         .fix("remove the entry"));
    }
    const auto there = loader_.has_file(path);
    if (!there) return failure(Error(there.error()).at(place(path)));
    if (*there) {
      auto added = add_file(into.resources, path);
      if (!added) return failure(std::move(added).error().at(place(path)));
    } else {
      TRY(add_directory(into, path, Listed::resource));
    }
  }
  return {};
}

Result<> Layer::add_file(ResourceSet& resources, const std::string& path) {
  std::string text = TRY(loader_.read(path));
  const std::string name = loader_.path_of(path);
  for (auto& resource : TRY(read_resources(std::move(text), name, loader_.read_limits()))) {
    if (inherited_.origin) resource.origin = origin_of_file(origin_of(path));
    context_->saw_resource(resource.gvk());
    TRY(resources.append(std::move(resource)));
  }
  return context_->count_resources(resources.size());
}

Result<Loader> Layer::enter(const std::string& path) {
  if (!looks_remote(path)) return loader_.enter(path);
  const auto url = parse_remote_url(path);
  if (!url || is_remote_file(path)) return failure(remote_file(path));
  const auto& remote = context_->options().remote;
  if (remote == nullptr) {
    return failure(
        Error(Code::source_unsupported, fmt::format("\"{}\" is a remote base", printable(path)))
            .fix("copy it into the repository: a build reads nothing else"));
  }
  auto tree = TRY(remote(*url), "fetching the remote base \"{}\"", printable(path));
  return loader_.enter_remote(path, std::move(tree), url->directory);
}

Result<> Layer::add_directory(Accumulated& into, const std::string& path, Listed listed) {
  auto loader = enter(path);
  if (!loader) return failure(std::move(loader).error().at(place(path)));
  auto opened = open(*std::move(loader), *context_);
  if (!opened) return failure(std::move(opened).error().at(place(path)));
  Layer& layer = *opened;
  const bool component = layer.kustomization_.is_component();
  if (component != (listed == Listed::component)) {
    return failure(
        Error(Code::kustomization,
              fmt::format("\"{}\" is a {}", path, component ? "Component" : "Kustomization"))
            .at(place(path))
            .fix(component ? "list it under \"components\""
                           : "list it under \"resources\", or make its kind Component"));
  }
  Inherited inherited{.origin = std::nullopt,
                      .build_metadata = inherited_.build_metadata,
                      .helm_namespace = inherited_.helm_namespace};
  if (inherited_.origin) inherited.origin = origin_of(path);
  if (!kustomization_.space.empty()) inherited.helm_namespace = kustomization_.space;
  layer.inherit(std::move(inherited));
  TRY(context_->choose_schema(layer.kustomization_, layer.loader_));
  if (component) {
    TRY(layer.accumulate(into));
    return into.resources.check_unique();
  }
  Accumulated below;
  TRY(layer.accumulate(below));
  auto joined = into.resources.append_all(std::move(below.resources));
  if (!joined) return failure(std::move(joined).error().at(place(path)));
  into.config = TRY(merge(into.config, below.config));
  return join_vars(into.vars, below.vars);
}

Result<> Layer::add_configuration(Accumulated& into) {
  SharedConfig own = default_config();
  for (const auto& path : kustomization_.configurations) {
    const std::string text = TRY(loader_.read(path), "reading configurations");
    auto config = TRY(read_transformer_config(text, loader_.path_of(path), loader_.read_limits()));
    auto merged = merge(own, std::make_shared<const TransformerConfig>(std::move(config)));
    if (!merged) return failure(std::move(merged).error().at(loader_.path_of(path)));
    own = *std::move(merged);
  }
  into.config = TRY(merge(into.config, own));
  for (const auto& path : kustomization_.crds) {
    const std::string text = TRY(loader_.read(path), "reading crds");
    auto config = TRY(read_crds(text, loader_.path_of(path), loader_.read_limits()));
    into.config =
        TRY(merge(into.config, std::make_shared<const TransformerConfig>(std::move(config))),
            "merging crds");
  }
  return {};
}

Result<> Layer::generate_built_in(Accumulated& into) {
  const auto add = [&](Resource resource, std::string_view generator,
                       const std::string& entry) -> Result<> {
    if (inherited_.origin && !resource.origin)
      resource.origin = origin_of_plugin(configured_in(), generator);
    resource.at = fmt::format("{} ({})", own_path(), generator);
    auto absorbed = into.resources.absorb(std::move(resource));
    if (!absorbed) return failure(std::move(absorbed).error().at(place_at(entry)));
    return {};
  };
  for (const auto kind : {Made::config_map, Made::secret}) {
    const auto& entries =
        kind == Made::secret ? kustomization_.secrets : kustomization_.config_maps;
    const bool secret = kind == Made::secret;
    const std::string_view name = secret ? "SecretGenerator" : "ConfigMapGenerator";
    for (std::size_t i = 0; i < entries.size(); ++i) {
      Generator entry = entries[i];
      const auto pointer =
          fmt::format("/{}/{}", secret ? "secretGenerator" : "configMapGenerator", i);
      entry.options = combined(entry.options, kustomization_.generator_options);
      auto made = kustomize::generate(kind, entry, loader_);
      if (!made) return failure(std::move(made).error().at(place_at(pointer)));
      TRY(add(*std::move(made), name, pointer));
    }
  }
  for (std::size_t i = 0; i < kustomization_.helm_charts.size(); ++i) {
    HelmChart chart = kustomization_.helm_charts[i];
    const auto pointer = fmt::format("/helmCharts/{}", i);
    if (chart.space.empty())
      chart.space = kustomization_.space.empty() ? inherited_.helm_namespace : kustomization_.space;
    auto made = render_chart(chart, kustomization_.helm_globals.value_or(HelmGlobals{}), loader_,
                             *context_);
    if (!made) return failure(std::move(made).error().at(place_at(pointer)));
    for (auto& resource : *made)
      TRY(add(std::move(resource), "HelmChartInflationGenerator", pointer));
  }
  return {};
}

Result<> Layer::generate(Accumulated& into) {
  TRY(generate_built_in(into));
  const ResourceSet configs = TRY(plugin_configs(kustomization_.generators));
  for (std::size_t i = 0; i < configs.size(); ++i) {
    for (auto& resource : TRY(run_generator(configs[i], loader_, *context_))) {
      if (configs[i].origin && !resource.origin) resource.origin = origin_of_plugin(configs[i]);
      resource.at = configs[i].at;
      TRY(into.resources.absorb(std::move(resource)));
    }
  }
  return {};
}

Result<ResourceSet> Layer::plugin_configs(const std::vector<std::string>& entries) {
  Accumulated found;
  std::vector<std::string> paths;
  for (const auto& entry : entries) {
    auto inlined =
        read_resources(entry, fmt::format("{}: inline", own_path()), loader_.read_limits());
    if (!inlined) {
      paths.push_back(entry);
      continue;
    }
    for (auto& resource : *inlined) {
      if (inherited_.origin) resource.origin = origin_of_file(configured_in());
      TRY(found.resources.append(std::move(resource)));
    }
  }
  TRY(add_resources(found, paths));
  return std::move(found.resources);
}

Result<> Layer::after(ResourceSet& resources, std::string_view transformer,
                      std::string_view pointer) {
  if (inherited_.origin) mark_changed(resources, origin_of_plugin(configured_in(), transformer));
  resources.drop_empty();
  return placed(loader_.budget().check_time(), pointer);
}

Result<> Layer::placed(Result<> done, std::string_view pointer) const {
  if (done || !done.error().where().empty()) return done;
  return failure(std::move(done).error().at(place_at(pointer)));
}

Result<> Layer::charge(const ResourceSet& resources, std::size_t text,
                       std::string_view pointer) const {
  return placed(loader_.budget().grow(text * resources.size()), pointer);
}

Result<> Layer::transform(Accumulated& into) {
  TRY(patch_and_name(into));
  TRY(label_and_annotate(into));
  TRY(finish_fields(into));
  const ResourceSet configs = TRY(plugin_configs(kustomization_.transformers));
  for (std::size_t i = 0; i < configs.size(); ++i) {
    TRY(run_transformer(into.resources, configs[i], loader_, *context_));
    if (configs[i].origin) mark_changed(into.resources, origin_of_plugin(configs[i]));
  }
  return {};
}

Result<> Layer::patch_and_name(Accumulated& into) {
  ResourceSet& resources = into.resources;
  if (!kustomization_.patches_strategic_merge.empty()) {
    TRY(placed(apply_strategic_merges(resources, kustomization_.patches_strategic_merge, loader_,
                                      context_->schema()),
               "/patchesStrategicMerge"));
    context_->saw_merge();
    TRY(after(resources, "PatchStrategicMergeTransformer", "/patchesStrategicMerge"));
  }
  for (std::size_t i = 0; i < kustomization_.patches.size(); ++i) {
    const auto pointer = fmt::format("/patches/{}", i);
    auto done = apply_patch(resources, kustomization_.patches[i], loader_, context_->schema());
    context_->saw_merge();
    if (!done) return failure(std::move(done).error().at(place_at(pointer)));
    TRY(after(resources, "PatchTransformer", pointer));
  }
  if (!kustomization_.space.empty()) {
    TRY(charge(resources, kustomization_.space.size(), "/namespace"));
    TRY(set_namespaces(resources, {.space = kustomization_.space, .specs = into.config->space}));
    TRY(after(resources, "NamespaceTransformer", "/namespace"));
  }
  if (!kustomization_.name_prefix.empty()) {
    TRY(charge(resources, kustomization_.name_prefix.size(), "/namePrefix"));
    TRY(add_prefix(resources, kustomization_.name_prefix, into.config->name_prefix));
    TRY(after(resources, "PrefixTransformer", "/namePrefix"));
  }
  if (!kustomization_.name_suffix.empty()) {
    TRY(charge(resources, kustomization_.name_suffix.size(), "/nameSuffix"));
    TRY(add_suffix(resources, kustomization_.name_suffix, into.config->name_suffix));
    TRY(after(resources, "SuffixTransformer", "/nameSuffix"));
  }
  return {};
}

Result<> Layer::label_and_annotate(Accumulated& into) {
  const auto& config = *into.config;
  for (const auto& label : kustomization_.labels) {
    FieldSpecs specs = label.fields;
    TRY(merge_into(specs, config.labels), "merging label fields");
    if (label.include_selectors) {
      TRY(merge_into(specs, config.common_labels), "merging label fields");
    } else {
      if (label.include_templates)
        TRY(merge_into(specs, config.template_labels), "merging label fields");
      TRY(merge_into(specs, FieldSpec{{}, "metadata/labels", true}), "merging label fields");
    }
    TRY(charge(into.resources, size_of(label.pairs), "/labels"));
    TRY(set_pairs(into.resources, label.pairs, specs));
    TRY(after(into.resources, "LabelTransformer", "/labels"));
  }
  if (!kustomization_.labels.empty() || !kustomization_.common_labels.empty()) {
    TRY(charge(into.resources, size_of(kustomization_.common_labels), "/commonLabels"));
    TRY(set_pairs(into.resources, kustomization_.common_labels, config.common_labels));
    TRY(after(into.resources, "LabelTransformer", "/commonLabels"));
  }
  if (!kustomization_.common_annotations.empty()) {
    TRY(charge(into.resources, size_of(kustomization_.common_annotations), "/commonAnnotations"));
    TRY(set_pairs(into.resources, kustomization_.common_annotations, config.common_annotations));
    TRY(after(into.resources, "AnnotationsTransformer", "/commonAnnotations"));
  }
  return {};
}

Result<> Layer::finish_fields(Accumulated& into) {
  for (const auto& patch : kustomization_.patches_json6902) {
    TRY(placed(apply_json6902(into.resources, patch, loader_), "/patchesJson6902"));
    TRY(after(into.resources, "PatchJson6902Transformer", "/patchesJson6902"));
  }
  for (const auto& replica : kustomization_.replicas) {
    auto done = set_replicas(into.resources, replica, into.config->replicas);
    if (!done) return failure(std::move(done).error().at(place_at("/replicas")));
    TRY(after(into.resources, "ReplicaCountTransformer", "/replicas"));
  }
  for (const auto& image : kustomization_.images) {
    TRY(charge(into.resources, image.new_name.size() + image.new_tag.size() + image.digest.size() +
                                   image.tag_suffix.size(),
               "/images"));
    TRY(set_images(into.resources, image, into.config->images));
    TRY(after(into.resources, "ImageTagTransformer", "/images"));
  }
  if (!kustomization_.replacements.empty()) {
    const auto all = TRY(load_replacements(kustomization_.replacements, loader_));
    auto done = replace_fields(into.resources, all, loader_.budget());
    if (!done) return failure(std::move(done).error().at(place_at("/replacements")));
    TRY(after(into.resources, "ReplacementTransformer", "/replacements"));
  }
  return {};
}

Result<> Layer::validate(ResourceSet& resources) {
  const ResourceSet configs = TRY(plugin_configs(kustomization_.validators));
  for (std::size_t i = 0; i < configs.size(); ++i) {
    std::vector<Value> before;
    for (std::size_t k = 0; k < resources.size(); ++k)
      before.push_back(resources[k].body);
    TRY(run_transformer(resources, configs[i], loader_, *context_));
    bool same = before.size() == resources.size();
    for (std::size_t k = 0; same && k < before.size(); ++k)
      same = before[k] == resources[k].body;
    if (!same) {
      return failure(Error(Code::kustomization,
                           fmt::format("the validator {} changes resources", describe(configs[i])))
                         .at(configs[i].at)
                         .fix("list it under \"transformers\""));
    }
  }
  return {};
}

}  // namespace holdfast::kustomize
