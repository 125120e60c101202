// SPDX-License-Identifier: Apache-2.0
#include "kustomize/kustomization.h"

#include <fmt/format.h>

#include <array>

#include "kustomize/decode.h"
#include "yaml/yaml.h"

namespace holdfast::kustomize {
constexpr std::string_view kustomization_version = "kustomize.config.k8s.io/v1beta1";
constexpr std::string_view component_version = "kustomize.config.k8s.io/v1alpha1";

template <class T>
using Field = Decoder::Field<T>;

struct SpecText {
  std::string group, version, kind, path;
  bool create = false;
};

static Result<> read_struct(Decoder& decoder, const Value& value, FieldSpec& out) {
  static constexpr auto fields = std::to_array<Field<SpecText>>({
      {"group", Decoder::into<&SpecText::group>},
      {"version", Decoder::into<&SpecText::version>},
      {"kind", Decoder::into<&SpecText::kind>},
      {"path", Decoder::into<&SpecText::path>},
      {"create", Decoder::into<&SpecText::create>},
  });
  SpecText text;
  TRY(decoder.object<SpecText>(value, text, fields));
  out = FieldSpec::make({text.group, text.version, text.kind}, text.path, text.create);
  return {};
}

struct ReferenceText {
  std::string group, version, kind;
  FieldSpecs specs;
};

static Result<> read_struct(Decoder& decoder, const Value& value, NameReference& out) {
  static constexpr auto fields = std::to_array<Field<ReferenceText>>({
      {"group", Decoder::into<&ReferenceText::group>},
      {"version", Decoder::into<&ReferenceText::version>},
      {"kind", Decoder::into<&ReferenceText::kind>},
      {"fieldSpecs", Decoder::into<&ReferenceText::specs>},
  });
  ReferenceText text;
  TRY(decoder.object<ReferenceText>(value, text, fields));
  out = {.target = {text.group, text.version, text.kind}, .referrers = std::move(text.specs)};
  return {};
}

static Result<> read_struct(Decoder& decoder, const Value& value, Selector& out) {
  static constexpr auto fields = std::to_array<Field<Selector>>({
      {"group", Decoder::into<&Selector::group>},
      {"version", Decoder::into<&Selector::version>},
      {"kind", Decoder::into<&Selector::kind>},
      {"name", Decoder::into<&Selector::name>},
      {"namespace", Decoder::into<&Selector::space>},
      {"labelSelector", Decoder::into<&Selector::labels>},
      {"annotationSelector", Decoder::into<&Selector::annotations>},
  });
  return decoder.object<Selector>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, Label& out) {
  static constexpr auto fields = std::to_array<Field<Label>>({
      {"pairs", Decoder::into<&Label::pairs>},
      {"includeSelectors", Decoder::into<&Label::include_selectors>},
      {"includeTemplates", Decoder::into<&Label::include_templates>},
      {"fields", Decoder::into<&Label::fields>},
  });
  return decoder.object<Label>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, PatchOptions& out) {
  static constexpr auto fields = std::to_array<Field<PatchOptions>>({
      {"allowNameChange", Decoder::into<&PatchOptions::allow_name_change>},
      {"allowKindChange", Decoder::into<&PatchOptions::allow_kind_change>},
  });
  return decoder.object<PatchOptions>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, Patch& out) {
  static constexpr auto fields = std::to_array<Field<Patch>>({
      {"path", Decoder::into<&Patch::path>},
      {"patch", Decoder::into<&Patch::patch>},
      {"target", Decoder::into<&Patch::target>},
      {"options", Decoder::into<&Patch::options>},
  });
  return decoder.object<Patch>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, Image& out) {
  static constexpr auto fields = std::to_array<Field<Image>>({
      {"name", Decoder::into<&Image::name>},
      {"newName", Decoder::into<&Image::new_name>},
      {"tagSuffix", Decoder::into<&Image::tag_suffix>},
      {"newTag", Decoder::into<&Image::new_tag>},
      {"digest", Decoder::into<&Image::digest>},
  });
  return decoder.object<Image>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, Replica& out) {
  static constexpr auto fields = std::to_array<Field<Replica>>({
      {"name", Decoder::into<&Replica::name>},
      {"count", Decoder::into<&Replica::count>},
  });
  return decoder.object<Replica>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, FieldOptions& out) {
  static constexpr auto fields = std::to_array<Field<FieldOptions>>({
      {"delimiter", Decoder::into<&FieldOptions::delimiter>},
      {"index", Decoder::into<&FieldOptions::index>},
      {"encoding", Decoder::into<&FieldOptions::encoding>},
      {"create", Decoder::into<&FieldOptions::create>},
  });
  return decoder.object<FieldOptions>(value, out, fields);
}

template <auto Member>
static Result<> source_id(Decoder& decoder, const Value& value, ReplacementSource& out) {
  return decoder.read(value, out.id.*Member);
}

static Result<> read_struct(Decoder& decoder, const Value& value, ReplacementSource& out) {
  static constexpr auto fields = std::to_array<Field<ReplacementSource>>({
      {"group", source_id<&Selector::group>},
      {"version", source_id<&Selector::version>},
      {"kind", source_id<&Selector::kind>},
      {"name", source_id<&Selector::name>},
      {"namespace", source_id<&Selector::space>},
      {"fieldPath", Decoder::into<&ReplacementSource::field_path>},
      {"options", Decoder::into<&ReplacementSource::options>},
  });
  return decoder.object<ReplacementSource>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, ReplacementTarget& out) {
  static constexpr auto fields = std::to_array<Field<ReplacementTarget>>({
      {"select", Decoder::into<&ReplacementTarget::select>},
      {"reject", Decoder::into<&ReplacementTarget::reject>},
      {"fieldPaths", Decoder::into<&ReplacementTarget::field_paths>},
      {"options", Decoder::into<&ReplacementTarget::options>},
  });
  return decoder.object<ReplacementTarget>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, Replacement& out) {
  static constexpr auto fields = std::to_array<Field<Replacement>>({
      {"source", Decoder::into<&Replacement::source>},
      {"sourceValue", Decoder::into<&Replacement::source_value>},
      {"targets", Decoder::into<&Replacement::targets>},
      {"path", Decoder::into<&Replacement::path>},
  });
  return decoder.object<Replacement>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, VarTarget& out) {
  static constexpr auto fields = std::to_array<Field<VarTarget>>({
      {"apiVersion", Decoder::into<&VarTarget::api_version>},
      {"group", Decoder::into<&VarTarget::group>},
      {"version", Decoder::into<&VarTarget::version>},
      {"kind", Decoder::into<&VarTarget::kind>},
      {"name", Decoder::into<&VarTarget::name>},
      {"namespace", Decoder::into<&VarTarget::space>},
  });
  return decoder.object<VarTarget>(value, out, fields);
}

struct FieldReference {
  std::string path;
};

static Result<> var_field(Decoder& decoder, const Value& value, Var& out) {
  static constexpr auto fields = std::to_array<Field<FieldReference>>({{"fieldPath", Decoder::into<&FieldReference::path>}});
  FieldReference reference;
  TRY(decoder.object<FieldReference>(value, reference, fields));
  if (!reference.path.empty()) out.field_path = std::move(reference.path);
  return {};
}

static Result<> read_struct(Decoder& decoder, const Value& value, Var& out) {
  static constexpr auto fields = std::to_array<Field<Var>>({
      {"name", Decoder::into<&Var::name>},
      {"objref", Decoder::into<&Var::object>},
      {"fieldref", var_field},
  });
  return decoder.object<Var>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, LegacySort& out) {
  static constexpr auto fields = std::to_array<Field<LegacySort>>({
      {"orderFirst", Decoder::into<&LegacySort::first>},
      {"orderLast", Decoder::into<&LegacySort::last>},
  });
  return decoder.object<LegacySort>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, SortOptions& out) {
  static constexpr auto fields = std::to_array<Field<SortOptions>>({
      {"order", Decoder::into<&SortOptions::order>},
      {"legacySortOptions", Decoder::into<&SortOptions::legacy>},
  });
  return decoder.object<SortOptions>(value, out, fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, GeneratorOptions& out) {
  static constexpr auto fields = std::to_array<Field<GeneratorOptions>>({
      {"labels", Decoder::into<&GeneratorOptions::labels>},
      {"annotations", Decoder::into<&GeneratorOptions::annotations>},
      {"disableNameSuffixHash", Decoder::into<&GeneratorOptions::disable_hash>},
      {"immutable", Decoder::into<&GeneratorOptions::immutable>},
  });
  return decoder.object<GeneratorOptions>(value, out, fields);
}

constexpr auto generator_fields = std::to_array<Field<Generator>>({
    {"namespace", Decoder::into<&Generator::space>},
    {"name", Decoder::into<&Generator::name>},
    {"behavior", Decoder::into<&Generator::behavior>},
    {"literals", Decoder::into<&Generator::literals>},
    {"files", Decoder::into<&Generator::files>},
    {"envs", Decoder::into<&Generator::envs>},
    {"env", Decoder::into<&Generator::env>},
    {"options", Decoder::into<&Generator::options>},
    {"type", Decoder::into<&Generator::type>},
});

static Result<> read_struct(Decoder& decoder, const Value& value, Generator& out) {
  return decoder.object<Generator>(value, out, generator_fields);
}

// A ConfigMap has no type.
static Result<> read_config_maps(Decoder& decoder, const Value& value, Kustomization& out) {
  TRY(decoder.read(value, out.config_maps));
  for (std::size_t i = 0; i < out.config_maps.size(); ++i) {
    if (!out.config_maps[i].type.empty()) {
      return failure(Error(Code::unknown_key, "\"type\" is not a known field of a configMapGenerator")
                         .at(decoder.place_of(fmt::format("/configMapGenerator/{}/type", i)))
                         .fix("remove it, or use a secretGenerator"));
    }
  }
  return {};
}

static Result<> read_struct(Decoder& decoder, const Value& value, HelmGlobals& out) {
  static constexpr auto fields = std::to_array<Field<HelmGlobals>>({
      {"chartHome", Decoder::into<&HelmGlobals::chart_home>},
      {"configHome", Decoder::into<&HelmGlobals::config_home>},
  });
  return decoder.object<HelmGlobals>(value, out, fields);
}

constexpr auto chart_fields = std::to_array<Field<HelmChart>>({
    {"name", Decoder::into<&HelmChart::name>},
    {"version", Decoder::into<&HelmChart::version>},
    {"repo", Decoder::into<&HelmChart::repo>},
    {"releaseName", Decoder::into<&HelmChart::release_name>},
    {"namespace", Decoder::into<&HelmChart::space>},
    {"additionalValuesFiles", Decoder::into<&HelmChart::additional_values_files>},
    {"valuesFile", Decoder::into<&HelmChart::values_file>},
    {"valuesInline", Decoder::into<&HelmChart::values_inline>},
    {"valuesMerge", Decoder::into<&HelmChart::values_merge>},
    {"includeCRDs", Decoder::into<&HelmChart::include_crds>},
    {"skipHooks", Decoder::into<&HelmChart::skip_hooks>},
    {"apiVersions", Decoder::into<&HelmChart::api_versions>},
    {"kubeVersion", Decoder::into<&HelmChart::kube_version>},
    {"nameTemplate", Decoder::into<&HelmChart::name_template>},
    {"skipTests", Decoder::into<&HelmChart::skip_tests>},
    {"debug", Decoder::into<&HelmChart::debug>},
    {"devel", Decoder::into<&HelmChart::devel>},
});

static Result<> read_struct(Decoder& decoder, const Value& value, HelmChart& out) {
  return decoder.object<HelmChart>(value, out, chart_fields);
}

static Result<> read_struct(Decoder& decoder, const Value& value, HelmChartArgs& out) {
  static constexpr auto fields = std::to_array<Field<HelmChartArgs>>({
      {"chartName", Decoder::into<&HelmChartArgs::name>},
      {"chartVersion", Decoder::into<&HelmChartArgs::version>},
      {"chartRepoUrl", Decoder::into<&HelmChartArgs::repo>},
      {"chartHome", Decoder::into<&HelmChartArgs::chart_home>},
      {"chartRepoName", Decoder::into<&HelmChartArgs::repo_name>},
      {"helmBin", Decoder::into<&HelmChartArgs::helm_bin>},
      {"helmHome", Decoder::into<&HelmChartArgs::helm_home>},
      {"values", Decoder::into<&HelmChartArgs::values>},
      {"valuesLocal", Decoder::into<&HelmChartArgs::values_local>},
      {"valuesMerge", Decoder::into<&HelmChartArgs::values_merge>},
      {"releaseName", Decoder::into<&HelmChartArgs::release_name>},
      {"releaseNamespace", Decoder::into<&HelmChartArgs::release_namespace>},
      {"extraArgs", Decoder::into<&HelmChartArgs::extra_args>},
  });
  return decoder.object<HelmChartArgs>(value, out, fields);
}

constexpr auto kustomization_fields = std::to_array<Field<Kustomization>>({
    {"apiVersion", Decoder::into<&Kustomization::api_version>},
    {"kind", Decoder::into<&Kustomization::kind>},
    {"metadata", Decoder::into<&Kustomization::metadata>},
    {"openapi", Decoder::into<&Kustomization::openapi>},
    {"namePrefix", Decoder::into<&Kustomization::name_prefix>},
    {"nameSuffix", Decoder::into<&Kustomization::name_suffix>},
    {"namespace", Decoder::into<&Kustomization::space>},
    {"commonLabels", Decoder::into<&Kustomization::common_labels>},
    {"labels", Decoder::into<&Kustomization::labels>},
    {"commonAnnotations", Decoder::into<&Kustomization::common_annotations>},
    {"patchesStrategicMerge", Decoder::into<&Kustomization::patches_strategic_merge>},
    {"patchesJson6902", Decoder::into<&Kustomization::patches_json6902>},
    {"patches", Decoder::into<&Kustomization::patches>},
    {"images", Decoder::into<&Kustomization::images>},
    {"imageTags", Decoder::into<&Kustomization::image_tags>},
    {"replacements", Decoder::into<&Kustomization::replacements>},
    {"replicas", Decoder::into<&Kustomization::replicas>},
    {"vars", Decoder::into<&Kustomization::vars>},
    {"sortOptions", Decoder::into<&Kustomization::sort_options>},
    {"resources", Decoder::into<&Kustomization::resources>},
    {"components", Decoder::into<&Kustomization::components>},
    {"crds", Decoder::into<&Kustomization::crds>},
    {"bases", Decoder::into<&Kustomization::bases>},
    {"configMapGenerator", read_config_maps},
    {"secretGenerator", Decoder::into<&Kustomization::secrets>},
    {"helmGlobals", Decoder::into<&Kustomization::helm_globals>},
    {"helmCharts", Decoder::into<&Kustomization::helm_charts>},
    {"helmChartInflationGenerator", Decoder::into<&Kustomization::helm_inflation>},
    {"generatorOptions", Decoder::into<&Kustomization::generator_options>},
    {"configurations", Decoder::into<&Kustomization::configurations>},
    {"generators", Decoder::into<&Kustomization::generators>},
    {"transformers", Decoder::into<&Kustomization::transformers>},
    {"validators", Decoder::into<&Kustomization::validators>},
    {"buildMetadata", Decoder::into<&Kustomization::build_metadata>},
});

static void warn_of_deprecated(const Object& fields, Kustomization& out) {
  struct Row {
    std::string_view old, now, note;
  };
  static constexpr auto rows = std::to_array<Row>({{"bases", "resources", ""},
                                                   {"commonLabels", "labels", ""},
                                                   {"imageTags", "images", ""},
                                                   {"patchesJson6902", "patches", ""},
                                                   {"patchesStrategicMerge", "patches", ""},
                                                   {"vars", "replacements", "[EXPERIMENTAL] "}});
  for (const auto& [old, now, note] : rows) {
    const Value* field = fields.find(old);
    if (field == nullptr || field->is_null()) continue;
    out.warnings.push_back(
        fmt::format("# Warning: '{}' is deprecated. Please use '{}' instead. {}Run 'kustomize edit fix' to "
                    "update your Kustomization automatically.",
                    old, now, note));
  }
}

template <class T>
static void append(std::vector<T>& to, std::vector<T>& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
  from.clear();
}

static void modernise(Kustomization& out) {
  if (out.kind.empty()) out.kind = "Kustomization";
  if (out.api_version.empty()) out.api_version = out.is_component() ? component_version : kustomization_version;
  append(out.resources, out.bases);
  append(out.images, out.image_tags);
  for (auto* generators : {&out.config_maps, &out.secrets}) {
    for (auto& generator : *generators) {
      if (!generator.env.empty()) generator.envs.push_back(std::exchange(generator.env, {}));
    }
  }
  HelmGlobals globals;
  for (const auto& old : out.helm_inflation) {
    HelmChart chart;
    chart.name = old.name;
    chart.version = old.version;
    chart.repo = old.repo;
    chart.values_file = old.values;
    chart.values_inline = old.values_local;
    chart.values_merge = old.values_merge;
    chart.release_name = old.release_name;
    out.helm_charts.push_back(std::move(chart));
    if (!old.helm_home.empty()) globals.config_home = old.helm_home;
    if (!old.chart_home.empty()) globals.chart_home = old.chart_home;
  }
  if (!out.helm_globals && (!globals.chart_home.empty() || !globals.config_home.empty())) out.helm_globals = globals;
  out.helm_inflation.clear();
}

static Result<> check_header(const Kustomization& out, const Decoder& decoder) {
  if (out.kind != "Kustomization" && out.kind != "Component") {
    return failure(Error(Code::kustomization, fmt::format("the kind is \"{}\", it must be \"Kustomization\" or \"Component\"", out.kind))
                       .at(decoder.place_of("/kind")));
  }
  const auto wanted = out.is_component() ? component_version : kustomization_version;
  if (out.api_version != wanted) {
    return failure(Error(Code::kustomization, fmt::format("the apiVersion of a {} is \"{}\", it must be \"{}\"", out.kind, out.api_version, wanted))
                       .at(decoder.place_of("/apiVersion")));
  }
  return {};
}

static void note_places(const Object& fields, const Decoder& decoder, Kustomization& out) {
  for (const std::string_view field : {"resources", "bases", "components", "patches"}) {
    const Value* list = fields.find(field);
    const Array* entries = list == nullptr ? nullptr : list->as_array();
    if (entries == nullptr || entries->size() > 64) continue;  // each place reads the file again
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const Value& entry = (*entries)[i];
      if (entry.is_string()) out.places.emplace(*entry.as_string(), decoder.place_of(fmt::format("/{}/{}", field, i)));
    }
  }
}

static Result<Value> parse(const std::string& text, const std::string& file) {
  return yaml::parse_one(text, file, yaml::Dialect::kube, {.duplicates = yaml::Duplicates::keep_last});
}

Result<Kustomization> read_kustomization(const std::string& text, const std::string& file) {
  const Value value = TRY(parse(text, file));
  Decoder decoder(file, text, Unknown::refuse);
  Kustomization out;
  TRY(decoder.object<Kustomization>(value, out, kustomization_fields));
  bool says_something = false;
  if (const auto* fields = value.as_object()) {
    for (const auto& [key, field] : *fields) says_something |= key != "apiVersion" && key != "kind" && !field.is_null();
    warn_of_deprecated(*fields, out);
    note_places(*fields, decoder, out);
  }
  if (!says_something) {
    return failure(Error(Code::kustomization, "the kustomization file is empty").at(file).fix("list something under \"resources\""));
  }
  modernise(out);
  TRY(check_header(out, decoder));
  return out;
}

Result<TransformerConfig> read_transformer_config(const std::string& text, const std::string& file) {
  static constexpr auto fields = std::to_array<Field<TransformerConfig>>({
      {"namePrefix", Decoder::into<&TransformerConfig::name_prefix>},
      {"nameSuffix", Decoder::into<&TransformerConfig::name_suffix>},
      {"namespace", Decoder::into<&TransformerConfig::space>},
      {"commonLabels", Decoder::into<&TransformerConfig::common_labels>},
      {"labels", Decoder::into<&TransformerConfig::labels>},
      {"templateLabels", Decoder::into<&TransformerConfig::template_labels>},
      {"commonAnnotations", Decoder::into<&TransformerConfig::common_annotations>},
      {"nameReference", Decoder::into<&TransformerConfig::name_references>},
      {"varReference", Decoder::into<&TransformerConfig::var_references>},
      {"images", Decoder::into<&TransformerConfig::images>},
      {"replicas", Decoder::into<&TransformerConfig::replicas>},
  });
  const Value value = TRY(yaml::parse_one(text, file, yaml::Dialect::kube));
  Decoder decoder(file, text, Unknown::refuse);
  TransformerConfig out;
  TRY(decoder.object<TransformerConfig>(value, out, fields));
  sort_fields(out);
  return out;
}

Result<std::vector<Replacement>> read_replacements(const std::string& text, const std::string& file) {
  const Value value = TRY(parse(text, file));
  Decoder decoder(file, text, Unknown::ignore);
  std::vector<Replacement> out;
  if (value.is_array()) {
    TRY(decoder.read(value, out));
  } else {
    TRY(decoder.read(value, out.emplace_back()));
  }
  return out;
}

struct PluginMetadata {
  std::string name, space;
};

static Result<> plugin_metadata(Decoder& decoder, const Value& value, PluginConfig& out) {
  static constexpr auto fields = std::to_array<Field<PluginMetadata>>({
      {"name", Decoder::into<&PluginMetadata::name>},
      {"namespace", Decoder::into<&PluginMetadata::space>},
  });
  PluginMetadata metadata;
  TRY(decoder.object<PluginMetadata>(value, metadata, fields));
  out.name = metadata.name;
  out.space = metadata.space;
  return {};
}

template <auto Part, auto Member>
static Result<> part(Decoder& decoder, const Value& value, PluginConfig& out) {
  return decoder.read(value, (out.*Part).*Member);
}

static Result<> read_struct(Decoder& decoder, const Value& value, PluginConfig::ValueTarget& out) {
  using Goal = PluginConfig::ValueTarget;
  static constexpr auto fields = std::to_array<Field<Goal>>({
      {"selector", Decoder::into<&Goal::selector>},
      {"fieldPath", Decoder::into<&Goal::field_path>},
      {"filePathPosition", Decoder::into<&Goal::position>},
  });
  return decoder.object<Goal>(value, out, fields);
}

struct Named {
  std::string name, space;
};

static Result<> read_struct(Decoder& decoder, const Value& value, Named& out) {
  static constexpr auto fields = std::to_array<Field<Named>>({
      {"name", Decoder::into<&Named::name>},
      {"namespace", Decoder::into<&Named::space>},
  });
  return decoder.object<Named>(value, out, fields);
}

static Result<> kubernetes_account(Decoder& decoder, const Value& value, PluginConfig& out) {
  Named named;
  TRY(decoder.read(value, named));
  out.iam.kubernetes_account = named.name;
  out.iam.kubernetes_space = named.space;
  return {};
}

static Result<> google_account(Decoder& decoder, const Value& value, PluginConfig& out) {
  Named named;
  TRY(decoder.read(value, named));
  out.iam.service_account = named.name;
  return {};
}

using P = PluginConfig;
constexpr auto plugin_fields = std::to_array<Field<PluginConfig>>({
    {"kind", Decoder::into<&P::kind>},
    {"metadata", plugin_metadata},
    {"labels", Decoder::into<&P::labels>},
    {"annotations", Decoder::into<&P::annotations>},
    {"fieldSpecs", Decoder::into<&P::field_specs>},
    {"prefix", Decoder::into<&P::prefix>},
    {"suffix", Decoder::into<&P::suffix>},
    {"unsetOnly", Decoder::into<&P::unset_only>},
    {"setRoleBindingSubjects", Decoder::into<&P::role_binding_subjects>},
    {"path", part<&P::patch, &Patch::path>},
    {"patch", part<&P::patch, &Patch::patch>},
    {"target", part<&P::patch, &Patch::target>},
    {"jsonOp", Decoder::into<&P::json_op>},
    {"paths", Decoder::into<&P::paths>},
    {"patches", Decoder::into<&P::patches>},
    {"imageTag", Decoder::into<&P::image>},
    {"replica", Decoder::into<&P::replica>},
    {"replacements", Decoder::into<&P::replacements>},
    {"sortOptions", Decoder::into<&P::sort_options>},
    {"behavior", part<&P::generator, &Generator::behavior>},
    {"literals", part<&P::generator, &Generator::literals>},
    {"files", part<&P::generator, &Generator::files>},
    {"envs", part<&P::generator, &Generator::envs>},
    {"env", part<&P::generator, &Generator::env>},
    {"type", part<&P::generator, &Generator::type>},
    {"value", Decoder::into<&P::value>},
    {"targetFilePath", Decoder::into<&P::target_file>},
    {"targets", Decoder::into<&P::targets>},
    {"cloud", part<&P::iam, &P::IamPolicy::cloud>},
    {"projectId", part<&P::iam, &P::IamPolicy::project>},
    {"kubernetesService", kubernetes_account},
    {"serviceAccount", google_account},
});

Result<PluginConfig> read_plugin(const Value& resource, const std::string& at) {
  Decoder decoder(at, {}, Unknown::ignore);
  PluginConfig out;
  TRY(decoder.object<PluginConfig>(resource, out, plugin_fields));
  // "options" is a patch's or a generator's; "name" and "namespace" are a generator's or a chart's.
  if (const Value* options = resource.find("options")) {
    if (out.kind == "PatchTransformer") {
      TRY(decoder.read(*options, out.patch.options));
    } else {
      TRY(decoder.read(*options, out.generator.options));
    }
  }
  if (const Value* name = resource.find("name")) TRY(decoder.read(*name, out.generator.name));
  if (const Value* space = resource.find("namespace")) TRY(decoder.read(*space, out.generator.space));
  if (out.kind == "HelmChartInflationGenerator") {
    TRY(decoder.read(resource, out.chart));
    TRY(decoder.read(resource, out.globals));
  }
  return out;
}

Result<std::vector<PluginConfig::ValueTarget>> read_value_targets(const std::string& text, const std::string& file) {
  const Value value = TRY(parse(text, file));
  Decoder decoder(file, text, Unknown::ignore);
  std::vector<PluginConfig::ValueTarget> out;
  if (const Value* targets = value.find("targets")) TRY(decoder.read(*targets, out));
  return out;
}

}  // namespace holdfast::kustomize
