// SPDX-License-Identifier: Apache-2.0
// The configuration of built-in plugins: resources whose fields are those of the kustomization
// file.
#include "kustomize/kustomization_fields.h"

#include <array>

namespace holdfast::kustomize {

template <class T>
using Field = Decoder::Field<T>;

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
  std::string name, space, project;
};

static Result<> read_struct(Decoder& decoder, const Value& value, Named& out) {
  static constexpr auto fields = std::to_array<Field<Named>>({
      {"name", Decoder::into<&Named::name>},
      {"namespace", Decoder::into<&Named::space>},
      {"projectId", Decoder::into<&Named::project>},
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
  out.iam.project = named.project;
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
    {"kubernetesService", kubernetes_account},
    {"serviceAccount", google_account},
});

Result<PluginConfig> read_plugin(const Value& resource, const std::string& at) {
  Decoder decoder(at, {}, Decoding::plugin);
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
  if (const Value* space = resource.find("namespace"))
    TRY(decoder.read(*space, out.generator.space));
  if (out.kind == "HelmChartInflationGenerator") {
    TRY(decoder.read(resource, out.chart));
    TRY(decoder.read(resource, out.globals));
  }
  return out;
}

Result<std::vector<PluginConfig::ValueTarget>> read_value_targets(const std::string& text,
                                                                  const std::string& file,
                                                                  const ReadLimits& limits) {
  const Value value = TRY(read_yaml(text, file, limits));
  Decoder decoder(file, text, Decoding::plugin);
  std::vector<PluginConfig::ValueTarget> out;
  if (const Value* targets = value.find("targets")) TRY(decoder.read(*targets, out));
  return out;
}

}  // namespace holdfast::kustomize
