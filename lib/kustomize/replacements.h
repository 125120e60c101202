// SPDX-License-Identifier: Apache-2.0
// Values copied from one resource into others. It does not know where the rules were read.
// Upstream: kustomize v5.8.1, api/filters/replacement.
#pragma once

#include "base/result.h"
#include "kustomize/budget.h"
#include "kustomize/entry.h"
#include "kustomize/kustomization.h"
#include "kustomize/loader.h"
#include "kustomize/resource_set.h"

#include <optional>
#include <vector>

namespace holdfast::kustomize {

// Refuses with Code::kustomize_target, Code::kustomization or Code::limit.
struct PlacedReplacement {
  Replacement what;
  Entry entry;
  std::optional<Entry> listed = {};  // where the kustomization names the file that the entry stands in
};

// Entries with a path are read from their files. `list` is where the entries stand.
Result<std::vector<PlacedReplacement>> load_replacements(const std::vector<Replacement>& entries,
                                                         const Loader& loader, const Entry& list);

Result<> replace_fields(ResourceSet& resources, const std::vector<PlacedReplacement>& replacements,
                        Budget& budget);

}  // namespace holdfast::kustomize
