// SPDX-License-Identifier: Apache-2.0
// What all layers of one build share: the caller's options, budgets, warnings and the merge schema.
// It does not know the layers.
#pragma once

#include "base/result.h"
#include "kustomize/budget.h"
#include "kustomize/kustomization.h"
#include "kustomize/kustomize.h"
#include "kustomize/loader.h"
#include "kustomize/merge_schema.h"
#include "kustomize/resource_set.h"
#include "kustomize/vars.h"

#include <memory>
#include <string>
#include <vector>

namespace holdfast::kustomize {

class BuildContext {
 public:
  explicit BuildContext(const Options& options)
      : options_(options),
        budget_(options.limits) {}

  [[nodiscard]] const Options& options() const { return options_; }

  [[nodiscard]] const MergeSchema& schema() const {
    return schema_ != nullptr ? *schema_ : *MergeSchema::built_in();
  }

  // The first layer that names a schema decides for all: the root, else the first one met.
  Result<> choose_schema(const Kustomization& kustomization, const Loader& loader);

  // What the tool has seen decides whether its own schema joins a chosen one: a merge reads it, a
  // resource of an unknown kind puts it on a list.
  void saw_resource(const Gvk& gvk);

  void saw_merge() { merged_ = true; }

  [[nodiscard]] Budget& budget() { return budget_; }

  // Refuses with Code::limit, for the time, too.
  Result<> count_resources(std::size_t now) const;

  std::vector<std::string> warnings;

 private:
  const Options& options_;
  std::shared_ptr<const MergeSchema> schema_;  // none: the built-in one
  bool schema_chosen_ = false;
  bool merged_ = false, unknown_kind_ = false;
  Budget budget_;
};

// What a layer hands up to the one that lists it.
struct Accumulated {
  ResourceSet resources;
  SharedConfig config = empty_config();
  Vars vars;
};

}  // namespace holdfast::kustomize
