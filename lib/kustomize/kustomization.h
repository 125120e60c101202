// SPDX-License-Identifier: Apache-2.0
// A kustomization file as data: every field that kustomize 5.8 accepts, deprecated ones already
// moved to where they belong. It does not know what the fields do. Upstream: kustomize v5.8.1,
// api/types.
#pragma once

#include "base/result.h"
#include "kustomize/entry.h"
#include "kustomize/field_spec.h"
#include "kustomize/object.h"
#include "kustomize/resource.h"
#include "kustomize/selector.h"
#include "kustomize/transformer_config.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::kustomize {

struct Label {
  Texts pairs;
  bool include_selectors = false;
  bool include_templates = false;
  FieldSpecs fields;
};

struct PatchOptions {
  bool allow_name_change = false;
  bool allow_kind_change = false;
};

struct Patch {
  std::string path, patch;
  std::optional<Selector> target;
  PatchOptions options;
};

struct Image {
  std::string name, new_name, tag_suffix, new_tag, digest;
};

struct Replica {
  std::string name;
  std::int64_t count = 0;
};

struct FieldOptions {
  std::string delimiter, encoding;
  std::int64_t index = 0;
  bool create = false;
};

struct ReplacementSource {
  Selector id;
  std::string field_path;
  std::optional<FieldOptions> options;
};

struct ReplacementTarget {
  std::optional<Selector> select;
  std::vector<Selector> reject;
  std::vector<std::string> field_paths;
  std::optional<FieldOptions> options;
};

struct Replacement {
  std::optional<ReplacementSource> source;
  std::optional<std::string> source_value;
  std::vector<ReplacementTarget> targets;
  std::string path;  // of a file with replacements
};

struct VarTarget {
  std::string api_version, group, version, kind, name, space;
};

struct Var {
  std::string name;
  VarTarget object;
  std::string field_path = "metadata.name";
  std::optional<Entry> entry;  // whoever gathers them says where each stands
};

struct LegacySort {
  std::vector<std::string> first, last;
};

struct SortOptions {
  std::string order;
  std::optional<LegacySort> legacy;
};

struct GeneratorOptions {
  Texts labels, annotations;
  bool disable_hash = false;
  bool immutable = false;
};

struct Generator {
  std::string space, name, behavior, type;  // type: of a Secret
  std::vector<std::string> literals, files, envs;
  std::string env;  // deprecated; appended to envs
  std::optional<GeneratorOptions> options;
};

struct HelmGlobals {
  std::string chart_home, config_home;
};

struct HelmChart {
  std::string name, version, repo, release_name, space;
  std::vector<std::string> additional_values_files;
  std::string values_file, values_merge, kube_version, name_template;
  Value values_inline;
  std::vector<std::string> api_versions;
  bool include_crds = false, skip_hooks = false, skip_tests = false, debug = false, devel = false;
};

struct HelmChartArgs {  // the deprecated form
  std::string name, version, repo, chart_home, repo_name, helm_bin, helm_home, values, values_merge;
  std::string release_name, release_namespace;
  Value values_local;
  std::vector<std::string> extra_args;
};

struct Kustomization {
  std::string api_version, kind;
  Value metadata;
  Texts openapi;
  std::string name_prefix, name_suffix, space;
  Texts common_labels, common_annotations;
  std::vector<Label> labels;
  std::vector<std::string> patches_strategic_merge;
  std::vector<Patch> patches_json6902, patches;
  std::vector<Image> images, image_tags;
  std::vector<Replacement> replacements;
  std::vector<Replica> replicas;
  std::vector<Var> vars;
  std::optional<SortOptions> sort_options;
  std::vector<std::string> resources, components, crds, bases;
  std::vector<Generator> config_maps, secrets;
  std::optional<HelmGlobals> helm_globals;
  std::vector<HelmChart> helm_charts;
  std::vector<HelmChartArgs> helm_inflation;
  std::optional<GeneratorOptions> generator_options;
  std::vector<std::string> configurations, generators, transformers, validators, build_metadata;

  std::vector<std::string> warnings;  // about deprecated fields
  std::shared_ptr<const std::string> text;  // of the file, to find places in
  std::map<std::string, std::string, std::less<>> pointers;  // of each text listed under resources etc.

  [[nodiscard]] bool is_component() const { return kind == "Component"; }
};

// Refuses with Code::kustomization, Code::unknown_key, Code::wrong_type or a code of reading,
// always with the place.
Result<Kustomization> read_kustomization(const std::string& text, const std::string& file,
                                         const ReadLimits& limits);

// Files of `configurations`, of `replacements: [{path}]`, and the built-in plugins' own
// configuration.
Result<TransformerConfig> read_transformer_config(const std::string& text, const std::string& file,
                                                  const ReadLimits& limits);
Result<std::vector<Replacement>> read_replacements(const std::string& text, const std::string& file,
                                                   const ReadLimits& limits);

// What a built-in generator's or transformer's resource says; fields of other plugins stay empty.
struct PluginConfig {
  std::string kind, name, space;
  Texts labels, annotations;
  FieldSpecs field_specs;
  std::string prefix, suffix;
  bool unset_only = false;
  std::string role_binding_subjects;
  Patch patch;
  std::string json_op, patches;
  std::vector<std::string> paths;
  Image image;
  Replica replica;
  std::vector<Replacement> replacements;
  std::optional<SortOptions> sort_options;
  Generator generator;
  HelmChart chart;
  HelmGlobals globals;

  struct ValueTarget {
    std::optional<Selector> selector;
    std::string field_path;
    std::int64_t position = 0;
  };

  std::string value, target_file;
  std::vector<ValueTarget> targets;

  struct IamPolicy {
    std::string cloud, project, service_account, kubernetes_account, kubernetes_space;
  };

  IamPolicy iam;
};

Result<PluginConfig> read_plugin(const Value& resource, const std::string& at);
Result<std::vector<PluginConfig::ValueTarget>> read_value_targets(const std::string& text,
                                                                  const std::string& file,
                                                                  const ReadLimits& limits);

}  // namespace holdfast::kustomize
