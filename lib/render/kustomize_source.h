// SPDX-License-Identifier: Apache-2.0
// An Application's Kustomize options → a build. Pure.
// Mirrors argoproj/argo-cd 3.6 util/kustomize/kustomize.go: Build, which edits the kustomization.
#pragma once

#include <string_view>
#include <vector>

#include "render/render.h"

namespace holdfast::render {

Result<std::vector<Manifest>> render_kustomize(const Value& source, const tree::FileTree& tree, std::string_view folder);

}  // namespace holdfast::render
