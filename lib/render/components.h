// SPDX-License-Identifier: Apache-2.0
// Which folders kustomize.components stands for. It does not know what is in them.
// Mirrors kustomize v5.8.1 kustomize/commands/edit/add/addcomponent.go with Go's filepath.Glob, and argo-cd 3.6
// util/kustomize/kustomize.go for components that may be missing.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "tree/file_tree.h"
#include "value/value.h"

namespace holdfast::render {

// "kustomization.yaml" and its other names in `folder`, as a path of the tree; nothing where there is none.
Result<std::optional<std::string>> find_kustomization(const tree::FileTree& tree, const std::string& folder);

// As a kustomization in `folder` names them. A pattern (*, ?, [a-z], \) is what is there; one that nothing is there for
// stays what it is, so that the build says so. With `ignoreMissingComponents` an entry is no pattern, and one that has
// no kustomization is left out. Refuses with Code::limit above 100,000 folders, or what the tree says.
Result<Array> find_components(const tree::FileTree& tree, const std::string& folder, const Value& options);

}  // namespace holdfast::render
