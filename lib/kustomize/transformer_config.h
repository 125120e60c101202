// SPDX-License-Identifier: Apache-2.0
// The fields that transformers work on: the tool's defaults, extended by `configurations` and
// `crds`. It does not know the transformers. Upstream: kustomize v5.8.1,
// api/internal/plugins/builtinconfig, api/internal/konfig/builtinpluginconsts.
#pragma once

#include "base/result.h"
#include "kustomize/field_spec.h"

#include <memory>
#include <utility>
#include <vector>

namespace holdfast::kustomize {

// Fields of other kinds that hold the name of a resource of this kind.
struct NameReference {
  Gvk target;
  FieldSpecs referrers;
};

// Rows of one's own, or built-in ones, which are made when they are first asked for: most builds need
// few of them.
template <class Rows>
class Table {
 public:
  Table() = default;
  Table(const Rows& (*built_in)()) : built_in_(built_in) {}

  operator const Rows&() const { return built_in_ != nullptr ? built_in_() : rows_; }
  Rows& change() {
    if (built_in_ != nullptr) rows_ = std::exchange(built_in_, nullptr)();
    return rows_;
  }

 private:
  const Rows& (*built_in_)() = nullptr;
  Rows rows_;
};

struct TransformerConfig {
  Table<FieldSpecs> name_prefix, name_suffix, space;
  Table<FieldSpecs> common_labels, labels, template_labels, common_annotations;
  Table<std::vector<NameReference>> name_references;
  Table<FieldSpecs> var_references, images, replicas;
};

// Configurations are shared and never change: most layers have nothing but the defaults.
using SharedConfig = std::shared_ptr<const TransformerConfig>;

SharedConfig default_config();
SharedConfig empty_config();
Result<SharedConfig> merge(const SharedConfig& config, const SharedConfig& more);
Result<> add_name_reference(TransformerConfig& config, const NameReference& reference);
// By kind in the legacy order; equal kinds keep their order.
void sort_fields(TransformerConfig& config);
void sort_fields(FieldSpecs& specs);
void sort_fields(std::vector<NameReference>& references);

}  // namespace holdfast::kustomize
