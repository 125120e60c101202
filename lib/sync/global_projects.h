// SPDX-License-Identifier: Apache-2.0
// globalProjects of argocd-cm: projects whose permissions and windows count in each project that a label
// selector picks. Pure.
// Mirrors argoproj/argo-cd 3.6 util/argo/argo.go: GetGlobalProjects, mergeVirtualProject.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "sync/project.h"
#include "value/value.h"

namespace holdfast::sync {

struct LabelRequirement {
  enum class Operator { in, not_in, exists, absent };

  std::string key;
  Operator op = Operator::in;
  std::vector<std::string> values;
};

struct GlobalProject {
  std::string name;
  std::vector<LabelRequirement> selector;  // empty: every project

  // `labels`: of a project, null when it has none.
  [[nodiscard]] bool selects(const Value* labels) const;
};

// One entry of the list. Refuses with Code::wrong_type a selector that Kubernetes refuses.
Result<GlobalProject> decode_global_project(const Value& value);

// Adds what the global project permits and denies, and its windows.
void merge_global(Project& project, const Project& global);

}  // namespace holdfast::sync
