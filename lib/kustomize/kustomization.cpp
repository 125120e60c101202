// SPDX-License-Identifier: Apache-2.0
#include "kustomize/kustomization.h"

#include "base/text.h"
#include "kustomize/kustomization_fields.h"
#include "yaml/yaml.h"

#include <fmt/format.h>

#include <array>

namespace holdfast::kustomize {
constexpr std::string_view kustomization_version = "kustomize.config.k8s.io/v1beta1";
constexpr std::string_view component_version = "kustomize.config.k8s.io/v1alpha1";

template <class T>
using Field = Decoder::Field<T>;

static Result<> read_config_maps(Decoder& decoder, const Value& value, Kustomization& out) {
  TRY(decoder.read(value, out.config_maps));
  for (std::size_t i = 0; i < out.config_maps.size(); ++i) {
    if (!out.config_maps[i].type.empty()) {
      return failure(
          Error(Code::unknown_key, "\"type\" is not a known field of a configMapGenerator")
              .at(decoder.place_of(fmt::format("/configMapGenerator/{}/type", i)))
              .fix("remove it, or use a secretGenerator"));
    }
  }
  return {};
}

// Read for its types only.
struct FileMetadata {
  std::string name, space;
  Texts labels, annotations;
};

static Result<> read_metadata(Decoder& decoder, const Value& value, Kustomization& out) {
  static constexpr auto fields = std::to_array<Field<FileMetadata>>({
      {"name", Decoder::into<&FileMetadata::name>},
      {"namespace", Decoder::into<&FileMetadata::space>},
      {"labels", Decoder::into<&FileMetadata::labels>},
      {"annotations", Decoder::into<&FileMetadata::annotations>},
  });
  FileMetadata metadata;
  TRY(decoder.object<FileMetadata>(value, metadata, fields));
  out.metadata = value;
  return {};
}

constexpr auto kustomization_fields = std::to_array<Field<Kustomization>>({
    {"apiVersion", Decoder::into<&Kustomization::api_version>},
    {"kind", Decoder::into<&Kustomization::kind>},
    {"metadata", read_metadata},
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
    out.warnings.push_back(fmt::format(
        "# Warning: '{}' is deprecated. Please use '{}' instead. {}Run 'kustomize edit fix' to "
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
  if (out.api_version.empty())
    out.api_version = out.is_component() ? component_version : kustomization_version;
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
  if (!out.helm_globals && (!globals.chart_home.empty() || !globals.config_home.empty()))
    out.helm_globals = globals;
  out.helm_inflation.clear();
}

static Result<> check_header(const Kustomization& out, const Decoder& decoder) {
  if (out.kind != "Kustomization" && out.kind != "Component") {
    static constexpr auto kinds = std::to_array<std::string_view>({"Kustomization", "Component"});
    const auto near = nearest(out.kind, kinds);
    return failure(
        Error(Code::kustomization,
              fmt::format("the kind is \"{}\", it must be \"Kustomization\" or \"Component\"",
                          printable(out.kind)))
            .at(decoder.place_of("/kind"))
            .fix(near ? fmt::format("did you mean \"{}\"?", *near)
                      : "list the file under \"resources\" if it is one, or correct its kind"));
  }
  const auto wanted = out.is_component() ? component_version : kustomization_version;
  if (out.api_version != wanted) {
    return failure(Error(Code::kustomization,
                         fmt::format("the apiVersion of a {} is \"{}\", it must be \"{}\"",
                                     out.kind, printable(out.api_version), wanted))
                       .at(decoder.place_of("/apiVersion"))
                       .fix("write that, or leave the line out"));
  }
  return {};
}

static void note_pointers(const Object& fields, Kustomization& out) {
  for (const std::string_view field : {"resources", "bases", "components", "patchesStrategicMerge",
                                       "configurations", "crds", "generators", "transformers",
                                       "validators"}) {
    const Value* list = fields.find(field);
    const Array* entries = list == nullptr ? nullptr : list->as_array();
    if (entries == nullptr) continue;
    for (std::size_t i = 0; i < entries->size(); ++i) {
      const auto* entry = (*entries)[i].as_string();
      if (entry != nullptr) out.pointers.emplace(*entry, fmt::format("/{}/{}", field, i));
    }
  }
}

static Result<Value> parse(const std::string& text, const std::string& file,
                           const ReadLimits& limits) {
  return yaml::parse_one(text, file, yaml::Dialect::kube,
                         {.depth = limits.depth,
                          .bytes = limits.bytes,
                          .nodes = limits.nodes,
                          .duplicates = yaml::Duplicates::keep_last});
}

Result<Kustomization> read_kustomization(const std::string& text, const std::string& file,
                                         const ReadLimits& limits) {
  const Value value = TRY(parse(text, file, limits));
  Decoder decoder(file, text, Decoding::kustomization);
  Kustomization out;
  TRY(decoder.object<Kustomization>(value, out, kustomization_fields));
  bool says_something = false;
  if (const auto* fields = value.as_object()) {
    for (const auto& [key, field] : *fields)
      says_something |= key != "apiVersion" && key != "kind" && !field.is_null();
    warn_of_deprecated(*fields, out);
    note_pointers(*fields, out);
  }
  if (!says_something) {
    return failure(Error(Code::kustomization, "the kustomization file is empty")
                       .at(decoder.place())
                       .fix("list something under \"resources\""));
  }
  out.text = std::make_shared<const std::string>(text);
  modernise(out);
  TRY(check_header(out, decoder));
  return out;
}

Result<TransformerConfig> read_transformer_config(const std::string& text, const std::string& file,
                                                  const ReadLimits& limits) {
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
  const Value value = TRY(read_yaml(text, file, limits));
  Decoder decoder(file, text, Decoding::configuration);
  TransformerConfig out;
  TRY(decoder.object<TransformerConfig>(value, out, fields));
  sort_fields(out);
  return out;
}

Result<std::vector<Replacement>> read_replacements(const std::string& text, const std::string& file,
                                                   const ReadLimits& limits) {
  const Value value = TRY(parse(text, file, limits));
  Decoder decoder(file, text, Decoding::plugin);
  std::vector<Replacement> out;
  if (value.is_array()) {
    TRY(decoder.read(value, out));
  } else {
    TRY(decoder.read(value, out.emplace_back()));
  }
  return out;
}

}  // namespace holdfast::kustomize
