// SPDX-License-Identifier: Apache-2.0
// An Application's Helm options → values and settings of lib/helm. Pure.
// Mirrors argoproj/argo-cd 3.6 reposerver/repository/repository.go: helmTemplate, and
// util/helm/cmd.go. Precedence, low to high: the chart's values.yaml, valueFiles in order, values or
// valuesObject, parameters, fileParameters.
#pragma once

#include <string_view>
#include <vector>

#include "render/render.h"

namespace holdfast::render {

Result<std::vector<Manifest>> render_helm(const Value& source, const Context& context,
                                          const tree::FileTree& tree, std::string_view folder);

}  // namespace holdfast::render
