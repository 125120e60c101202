// SPDX-License-Identifier: Apache-2.0
#include "kustomize/kustomization_fields.h"

#include <array>

namespace holdfast::kustomize {

template <class T>
using Field = Decoder::Field<T>;

struct SpecText {
  std::string group, version, kind, path;
  bool create = false;
};

Result<> read_struct(Decoder& decoder, const Value& value, FieldSpec& out) {
  static constexpr auto fields = std::to_array<Field<SpecText>>({
      {"group", Decoder::into<&SpecText::group>},
      {"version", Decoder::into<&SpecText::version>},
      {"kind", Decoder::into<&SpecText::kind>},
      {"path", Decoder::into<&SpecText::path>},
      {"create", Decoder::into<&SpecText::create>},
  });
  SpecText text;
  TRY(decoder.object<SpecText>(value, text, fields));
  out = {{text.group, text.version, text.kind}, text.path, text.create};
  return {};
}

struct ReferenceText {
  std::string group, version, kind;
  FieldSpecs specs;
};

Result<> read_struct(Decoder& decoder, const Value& value, NameReference& out) {
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

Result<> read_struct(Decoder& decoder, const Value& value, Selector& out) {
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

Result<> read_struct(Decoder& decoder, const Value& value, Label& out) {
  static constexpr auto fields = std::to_array<Field<Label>>({
      {"pairs", Decoder::into<&Label::pairs>},
      {"includeSelectors", Decoder::into<&Label::include_selectors>},
      {"includeTemplates", Decoder::into<&Label::include_templates>},
      {"fields", Decoder::into<&Label::fields>},
  });
  return decoder.object<Label>(value, out, fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, PatchOptions& out) {
  static constexpr auto fields = std::to_array<Field<PatchOptions>>({
      {"allowNameChange", Decoder::into<&PatchOptions::allow_name_change>},
      {"allowKindChange", Decoder::into<&PatchOptions::allow_kind_change>},
  });
  return decoder.object<PatchOptions>(value, out, fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, Patch& out) {
  static constexpr auto fields = std::to_array<Field<Patch>>({
      {"path", Decoder::into<&Patch::path>},
      {"patch", Decoder::into<&Patch::patch>},
      {"target", Decoder::into<&Patch::target>},
      {"options", Decoder::into<&Patch::options>},
  });
  return decoder.object<Patch>(value, out, fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, Image& out) {
  static constexpr auto fields = std::to_array<Field<Image>>({
      {"name", Decoder::into<&Image::name>},
      {"newName", Decoder::into<&Image::new_name>},
      {"tagSuffix", Decoder::into<&Image::tag_suffix>},
      {"newTag", Decoder::into<&Image::new_tag>},
      {"digest", Decoder::into<&Image::digest>},
  });
  return decoder.object<Image>(value, out, fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, Replica& out) {
  static constexpr auto fields = std::to_array<Field<Replica>>({
      {"name", Decoder::into<&Replica::name>},
      {"count", Decoder::into<&Replica::count>},
  });
  return decoder.object<Replica>(value, out, fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, FieldOptions& out) {
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

Result<> read_struct(Decoder& decoder, const Value& value, ReplacementSource& out) {
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

Result<> read_struct(Decoder& decoder, const Value& value, ReplacementTarget& out) {
  static constexpr auto fields = std::to_array<Field<ReplacementTarget>>({
      {"select", Decoder::into<&ReplacementTarget::select>},
      {"reject", Decoder::into<&ReplacementTarget::reject>},
      {"fieldPaths", Decoder::into<&ReplacementTarget::field_paths>},
      {"options", Decoder::into<&ReplacementTarget::options>},
  });
  return decoder.object<ReplacementTarget>(value, out, fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, Replacement& out) {
  static constexpr auto fields = std::to_array<Field<Replacement>>({
      {"source", Decoder::into<&Replacement::source>},
      {"sourceValue", Decoder::into<&Replacement::source_value>},
      {"targets", Decoder::into<&Replacement::targets>},
      {"path", Decoder::into<&Replacement::path>},
  });
  return decoder.object<Replacement>(value, out, fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, VarTarget& out) {
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
  static constexpr auto fields =
      std::to_array<Field<FieldReference>>({{"fieldPath", Decoder::into<&FieldReference::path>}});
  FieldReference reference;
  TRY(decoder.object<FieldReference>(value, reference, fields));
  if (!reference.path.empty()) out.field_path = std::move(reference.path);
  return {};
}

Result<> read_struct(Decoder& decoder, const Value& value, Var& out) {
  static constexpr auto fields = std::to_array<Field<Var>>({
      {"name", Decoder::into<&Var::name>},
      {"objref", Decoder::into<&Var::object>},
      {"fieldref", var_field},
  });
  return decoder.object<Var>(value, out, fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, LegacySort& out) {
  static constexpr auto fields = std::to_array<Field<LegacySort>>({
      {"orderFirst", Decoder::into<&LegacySort::first>},
      {"orderLast", Decoder::into<&LegacySort::last>},
  });
  return decoder.object<LegacySort>(value, out, fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, SortOptions& out) {
  static constexpr auto fields = std::to_array<Field<SortOptions>>({
      {"order", Decoder::into<&SortOptions::order>},
      {"legacySortOptions", Decoder::into<&SortOptions::legacy>},
  });
  return decoder.object<SortOptions>(value, out, fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, GeneratorOptions& out) {
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

Result<> read_struct(Decoder& decoder, const Value& value, Generator& out) {
  return decoder.object<Generator>(value, out, generator_fields);
}

// A ConfigMap has no type.
Result<> read_struct(Decoder& decoder, const Value& value, HelmGlobals& out) {
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

Result<> read_struct(Decoder& decoder, const Value& value, HelmChart& out) {
  return decoder.object<HelmChart>(value, out, chart_fields);
}

Result<> read_struct(Decoder& decoder, const Value& value, HelmChartArgs& out) {
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

}  // namespace holdfast::kustomize
