// SPDX-License-Identifier: Apache-2.0
// Kustomize sources: the options of spec.source.kustomize are written into the kustomization file,
// as `kustomize edit` would, in memory; then it is built. It does not know how a kustomization is
// built. Mirrors argoproj/argo-cd 3.6 util/kustomize/kustomize.go (Build) and kustomize v5.8.1
// kustomize/commands/edit.
#pragma once

#include "render/environment.h"
#include "render/render.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::render {

// `options` is spec.source.kustomize, with its components found. Refuses with Code::application_spec or
// Code::wrong_type.
Result<Value> edit_kustomization(Value kustomization, const Value& options,
                                 const Environment& environment);

// Where a kustomization lies, and what it may know.
struct KustomizePlace {
  const tree::FileTree& tree;
  std::string folder;
  const Context& context;
  const Environment& environment;
};

// `options` may be null.
Result<std::vector<Manifest>> render_kustomize(const KustomizePlace& place, const Value* options);

}  // namespace holdfast::render
