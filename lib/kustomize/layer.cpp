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
#include "value/json.h"
#include "yaml/yaml.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>

namespace holdfast::kustomize {
namespace {

constexpr auto file_names =
    std::to_array<std::string_view>({"kustomization.yaml", "kustomization.yml", "Kustomization"});

Error no_file_in(const Loader& loader) {
  Error error(Code::kustomization,
              fmt::format("the directory \"{}\" has no kustomization file", loader.shown()));
  const auto entries = loader.tree().list(loader.directory());
  for (const auto& entry : entries ? *entries : std::vector<tree::Entry>()) {
    const auto near = nearest(entry.name, file_names);
    if (near && entry.kind == tree::EntryKind::file)
      return std::move(error)
          .at(loader.path_of(entry.name))
          .fix(fmt::format("rename \"{}\" to \"{}\"", entry.name, *near));
  }
  return std::move(error)
      .at(loader.shown())
      .fix("add a kustomization.yaml that lists its resources, or list the files one by one");
}

Result<std::string> find_file(const Loader& loader) {
  std::string found;
  for (const auto name : file_names) {
    if (!TRY(loader.has_file(name))) continue;
    if (!found.empty()) {
      return failure(
          Error(Code::kustomization, fmt::format("the directory \"{}\" has \"{}\" and \"{}\"",
                                                 loader.shown(), found, name))
              .at(loader.path_of(found))
              .at(loader.path_of(name))
              .fix("keep one of them"));
    }
    found = name;
  }
  if (found.empty()) return failure(no_file_in(loader));
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
  return entry(std::string(pointer)).place();
}

Entry Layer::entry(std::string pointer) const {
  return {own_path(), kustomization_.text, 0, std::move(pointer)};
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
  for (std::size_t i = 0; i < kustomization_.vars.size(); ++i)
    kustomization_.vars[i].entry = entry(fmt::format("/vars/{}", i));
  TRY(add_vars(into.vars, kustomization_.vars, into.resources, loader_.budget()));
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
  // Each directory on the way to a mistake tells where it lists the next.
  const auto from_here = [&](Result<> done) -> Result<> {
    if (done) return done;
    return failure(std::move(done).error().at(place(path)));
  };
  if (component) {
    TRY(from_here(layer.accumulate(into)));
    return from_here(into.resources.check_unique());
  }
  Accumulated below;
  TRY(from_here(layer.accumulate(below)));
  auto joined = into.resources.append_all(std::move(below.resources));
  if (!joined) return failure(std::move(joined).error().at(place(path)));
  auto merged = merge(into.config, below.config);
  if (!merged) return failure(std::move(merged).error().at(place(path)));
  into.config = *std::move(merged);
  return from_here(join_vars(into.vars, below.vars));
}

Result<> Layer::add_configuration(Accumulated& into) {
  SharedConfig own = default_config();
  for (const auto& path : kustomization_.configurations) {
    auto read = read_configuration(path);
    if (!read) return failure(std::move(read).error().at(place(path)));
    auto merged = merge(own, *std::move(read));
    if (!merged) return failure(std::move(merged).error().at(conflict_in(path, own)).at(place(path)));
    own = *std::move(merged);
  }
  into.config = TRY(merge(into.config, own));
  for (const auto& path : kustomization_.crds) {
    auto read = read_definitions(path);
    if (!read) return failure(std::move(read).error().at(place(path)));
    auto merged = merge(into.config, *std::move(read));
    if (!merged) return failure(std::move(merged).error().within("merging crds").at(place(path)));
    into.config = *std::move(merged);
  }
  return {};
}

Result<SharedConfig> Layer::read_configuration(const std::string& path) const {
  const std::string text = TRY(loader_.read(path), "reading configurations");
  auto config = TRY(read_transformer_config(text, loader_.path_of(path), loader_.read_limits()));
  return std::make_shared<const TransformerConfig>(std::move(config));
}

std::string Layer::conflict_in(const std::string& path, const SharedConfig& with) const {
  const std::string name = loader_.path_of(path);
  const auto text = loader_.read(path);
  const auto all = text ? read_yaml(*text, name, loader_.read_limits()) : Result<Value>(Value());
  if (!all || !all->is_object()) return name;
  for (const auto& [field, rows] : *all->as_object()) {
    for (std::size_t i = 0; rows.is_array() && i < rows.as_array()->size(); ++i) {
      Object one;
      one.set(field, Array{(*rows.as_array())[i]});
      auto config = read_transformer_config(json::write(Value(std::move(one))), name, loader_.read_limits());
      if (!config || merge(with, std::make_shared<const TransformerConfig>(*std::move(config)))) continue;
      return yaml::place(name, yaml::locate(*text, 0, fmt::format("/{}/{}", field, i)));
    }
  }
  return name;
}

Result<SharedConfig> Layer::read_definitions(const std::string& path) const {
  const std::string text = TRY(loader_.read(path), "reading crds");
  auto config = TRY(read_crds(text, loader_.path_of(path), loader_.read_limits()));
  return std::make_shared<const TransformerConfig>(std::move(config));
}

Result<> Layer::generate_built_in(Accumulated& into) {
  // Places of all entries at once cost what two of them cost one by one.
  const std::size_t count = kustomization_.config_maps.size() + kustomization_.secrets.size() +
                            kustomization_.helm_charts.size();
  const auto places = count < 3 ? std::nullopt : std::optional<yaml::Places>(*kustomization_.text);
  const auto add = [&](Resource resource, std::string_view generator,
                       const std::string& pointer) -> Result<> {
    if (inherited_.origin && !resource.origin)
      resource.origin = origin_of_plugin(configured_in(), generator);
    const auto at = places ? yaml::place(own_path(), places->locate(0, pointer)) : place_at(pointer);
    resource.at = fmt::format("{} ({})", at, generator);
    return told(into.resources.absorb(std::move(resource)), pointer);
  };
  for (const auto kind : {Made::config_map, Made::secret}) {
    const auto& entries =
        kind == Made::secret ? kustomization_.secrets : kustomization_.config_maps;
    const bool secret = kind == Made::secret;
    const std::string_view name = secret ? "SecretGenerator" : "ConfigMapGenerator";
    for (std::size_t i = 0; i < entries.size(); ++i) {
      Generator generator = entries[i];
      const auto pointer =
          fmt::format("/{}/{}", secret ? "secretGenerator" : "configMapGenerator", i);
      generator.options = combined(generator.options, kustomization_.generator_options);
      auto made = TRY(kustomize::generate(kind, generator, loader_, entry(pointer)));
      TRY(add(std::move(made), name, pointer));
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
    auto made = run_generator(configs[i], loader_, *context_);
    if (!made) return failure(std::move(made).error().at(place_at("/generators")));
    for (auto& resource : *made) {
      if (configs[i].origin && !resource.origin) resource.origin = origin_of_plugin(configs[i]);
      resource.at = configs[i].at;
      TRY(told(into.resources.absorb(std::move(resource)), "/generators"));
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
  return told(loader_.budget().check_time(), pointer);
}

Result<> Layer::told(Result<> done, std::string_view pointer) const {
  if (done) return done;
  return failure(std::move(done).error().at(place_at(pointer)));
}

Result<> Layer::charge(const ResourceSet& resources, std::size_t text,
                       std::string_view pointer) const {
  return told(loader_.budget().grow(text * resources.size()), pointer);
}

Result<> Layer::transform(Accumulated& into) {
  TRY(patch_and_name(into));
  TRY(label_and_annotate(into));
  TRY(finish_fields(into));
  const ResourceSet configs = TRY(plugin_configs(kustomization_.transformers));
  for (std::size_t i = 0; i < configs.size(); ++i) {
    TRY(told(run_transformer(into.resources, configs[i], loader_, *context_), "/transformers"));
    if (configs[i].origin) mark_changed(into.resources, origin_of_plugin(configs[i]));
  }
  return {};
}

Result<> Layer::patch_and_name(Accumulated& into) {
  ResourceSet& resources = into.resources;
  if (!kustomization_.patches_strategic_merge.empty()) {
    TRY(apply_strategic_merges(resources, kustomization_.patches_strategic_merge, loader_,
                               context_->schema(), entry("/patchesStrategicMerge")));
    context_->saw_merge();
    TRY(after(resources, "PatchStrategicMergeTransformer", "/patchesStrategicMerge"));
  }
  for (std::size_t i = 0; i < kustomization_.patches.size(); ++i) {
    const auto pointer = fmt::format("/patches/{}", i);
    TRY(apply_patch(resources, kustomization_.patches[i], loader_, context_->schema(), entry(pointer)));
    context_->saw_merge();
    TRY(after(resources, "PatchTransformer", pointer));
  }
  if (!kustomization_.space.empty()) {
    TRY(charge(resources, kustomization_.space.size(), "/namespace"));
    const NamespaceChange change{.space = kustomization_.space, .specs = into.config->space};
    TRY(told(set_namespaces(resources, change), "/namespace"));
    TRY(after(resources, "NamespaceTransformer", "/namespace"));
  }
  if (!kustomization_.name_prefix.empty()) {
    TRY(charge(resources, kustomization_.name_prefix.size(), "/namePrefix"));
    TRY(told(add_prefix(resources, kustomization_.name_prefix, into.config->name_prefix),
             "/namePrefix"));
    TRY(after(resources, "PrefixTransformer", "/namePrefix"));
  }
  if (!kustomization_.name_suffix.empty()) {
    TRY(charge(resources, kustomization_.name_suffix.size(), "/nameSuffix"));
    TRY(told(add_suffix(resources, kustomization_.name_suffix, into.config->name_suffix),
             "/nameSuffix"));
    TRY(after(resources, "SuffixTransformer", "/nameSuffix"));
  }
  return {};
}

Result<FieldSpecs> Layer::specs_of(const Label& label, const TransformerConfig& config) {
  FieldSpecs specs = label.fields;
  TRY(merge_into(specs, config.labels), "merging label fields");
  if (label.include_selectors) {
    TRY(merge_into(specs, config.common_labels), "merging label fields");
    return specs;
  }
  if (label.include_templates)
    TRY(merge_into(specs, config.template_labels), "merging label fields");
  TRY(merge_into(specs, FieldSpec{{}, "metadata/labels", true}), "merging label fields");
  return specs;
}

Result<> Layer::label_and_annotate(Accumulated& into) {
  const auto& config = *into.config;
  for (std::size_t i = 0; i < kustomization_.labels.size(); ++i) {
    const Label& label = kustomization_.labels[i];
    const auto pointer = fmt::format("/labels/{}", i);
    const auto specs = specs_of(label, config);
    if (!specs) return told(failure(Error(specs.error())), pointer);
    TRY(charge(into.resources, size_of(label.pairs), pointer));
    TRY(told(set_pairs(into.resources, label.pairs, *specs), pointer + "/pairs"));
    TRY(after(into.resources, "LabelTransformer", pointer));
  }
  if (!kustomization_.labels.empty() || !kustomization_.common_labels.empty()) {
    TRY(charge(into.resources, size_of(kustomization_.common_labels), "/commonLabels"));
    TRY(told(set_pairs(into.resources, kustomization_.common_labels, config.common_labels),
             "/commonLabels"));
    TRY(after(into.resources, "LabelTransformer", "/commonLabels"));
  }
  if (!kustomization_.common_annotations.empty()) {
    TRY(charge(into.resources, size_of(kustomization_.common_annotations), "/commonAnnotations"));
    TRY(told(set_pairs(into.resources, kustomization_.common_annotations, config.common_annotations),
             "/commonAnnotations"));
    TRY(after(into.resources, "AnnotationsTransformer", "/commonAnnotations"));
  }
  return {};
}

Result<> Layer::finish_fields(Accumulated& into) {
  for (std::size_t i = 0; i < kustomization_.patches_json6902.size(); ++i) {
    const auto pointer = fmt::format("/patchesJson6902/{}", i);
    TRY(apply_json6902(into.resources, kustomization_.patches_json6902[i], loader_, entry(pointer)));
    TRY(after(into.resources, "PatchJson6902Transformer", pointer));
  }
  for (std::size_t i = 0; i < kustomization_.replicas.size(); ++i) {
    const auto pointer = fmt::format("/replicas/{}", i);
    TRY(told(set_replicas(into.resources, kustomization_.replicas[i], into.config->replicas), pointer));
    TRY(after(into.resources, "ReplicaCountTransformer", pointer));
  }
  for (std::size_t i = 0; i < kustomization_.images.size(); ++i) {
    const Image& image = kustomization_.images[i];
    const auto pointer = fmt::format("/images/{}", i);
    TRY(charge(into.resources, image.new_name.size() + image.new_tag.size() + image.digest.size() +
                                   image.tag_suffix.size(),
               pointer));
    TRY(told(set_images(into.resources, image, into.config->images), pointer));
    TRY(after(into.resources, "ImageTagTransformer", pointer));
  }
  if (!kustomization_.replacements.empty()) {
    const auto all =
        TRY(load_replacements(kustomization_.replacements, loader_, entry("/replacements")));
    TRY(replace_fields(into.resources, all, loader_.budget()));
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
    TRY(told(run_transformer(resources, configs[i], loader_, *context_), "/validators"));
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
