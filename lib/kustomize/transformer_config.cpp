// SPDX-License-Identifier: Apache-2.0
#include "kustomize/transformer_config.h"

#include <algorithm>

namespace holdfast::kustomize {

void sort_fields(FieldSpecs& specs) {
  std::ranges::stable_sort(specs, sorts_before, &FieldSpec::gvk);
}

void sort_fields(std::vector<NameReference>& references) {
  std::ranges::stable_sort(references, sorts_before, &NameReference::target);
}

Result<> add_name_reference(TransformerConfig& config, const NameReference& reference) {
  bool found = false;
  for (auto& there : config.name_references.change()) {
    if (there.target != reference.target) continue;
    found = true;
    TRY(merge_into(there.referrers, reference.referrers));
  }
  if (!found) config.name_references.change().push_back(reference);
  return {};
}

void sort_fields(TransformerConfig& config) {
  for (auto* specs :
       {&config.name_prefix, &config.name_suffix, &config.space, &config.common_labels,
        &config.labels, &config.template_labels, &config.common_annotations, &config.var_references,
        &config.images, &config.replicas}) {
    sort_fields(specs->change());
  }
  sort_fields(config.name_references.change());
}

SharedConfig empty_config() {
  static const SharedConfig empty = std::make_shared<const TransformerConfig>();
  return empty;
}

Result<SharedConfig> merge(const SharedConfig& config, const SharedConfig& more) {
  if (more == empty_config() || more == config) return config;
  // The defaults hold no two rows of which one covers the other; any other table may.
  if (config == empty_config() && more == default_config()) return more;
  auto merged = std::make_shared<TransformerConfig>(*config);
  TRY(merge_into(merged->name_prefix.change(), more->name_prefix));
  TRY(merge_into(merged->name_suffix.change(), more->name_suffix));
  TRY(merge_into(merged->space.change(), more->space));
  TRY(merge_into(merged->common_labels.change(), more->common_labels));
  TRY(merge_into(merged->labels.change(), more->labels));
  TRY(merge_into(merged->template_labels.change(), more->template_labels));
  TRY(merge_into(merged->common_annotations.change(), more->common_annotations));
  TRY(merge_into(merged->var_references.change(), more->var_references));
  TRY(merge_into(merged->images.change(), more->images));
  TRY(merge_into(merged->replicas.change(), more->replicas));
  const std::vector<NameReference>& references = more->name_references;
  for (const auto& reference : references)
    TRY(add_name_reference(*merged, reference));
  sort_fields(*merged);
  return SharedConfig(std::move(merged));
}

}  // namespace holdfast::kustomize
