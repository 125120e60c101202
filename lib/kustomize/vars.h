// SPDX-License-Identifier: Apache-2.0
// `vars`: $(NAME) in known fields becomes a value of another resource.
// It does not know where vars were read.
// Upstream: kustomize v5.8.1, api/filters/refvar, api/internal/accumulator.
#pragma once

#include "base/result.h"
#include "kustomize/budget.h"
#include "kustomize/kustomization.h"
#include "kustomize/resource_set.h"

#include <map>
#include <string>
#include <vector>

namespace holdfast::kustomize {

using Vars = std::map<std::string, Var>;

// Adds a layer's vars and notes the resource that each one reads. Refuses with
// Code::kustomize_conflict a name used twice or a var that fits several resources.
Result<> add_vars(Vars& vars, const std::vector<Var>& more, ResourceSet& resources,
                  const Budget& budget);
Result<> join_vars(Vars& vars, const Vars& more);

// Refuses with Code::kustomize_target when a var has no resource or no such field.
Result<> resolve_vars(ResourceSet& resources, const Vars& vars, const FieldSpecs& specs,
                      Budget& budget);

}  // namespace holdfast::kustomize
