// SPDX-License-Identifier: Apache-2.0
// Helm sources: spec.source.helm becomes a release, values and switches for lib/helm; what comes
// out is read back as objects. It does not know templates. Mirrors argoproj/argo-cd 3.6
// reposerver/repository/repository.go (helmTemplate, getResolvedValueFiles) and util/helm/cmd.go
// (template, cleanSetParameters).
#pragma once

#include "helm/user_values.h"
#include "render/environment.h"
#include "render/render.h"

#include <string>
#include <vector>

namespace holdfast::render {

// Where a source's value files may lie.
struct ChartPlace {
  const tree::FileTree& tree;
  std::string folder;  // of the chart
  const Context& context;
  const Environment& environment;
};

// Value files in the order in which Helm is given them: globs expanded, `$ref/…` from the other
// sources, URLs by the context, explicit entries at their own place. `options` is spec.source.helm.
// Refuses with Code::path_missing, path_outside, wrong_type, source_unsupported for a URL that nobody
// may fetch, or as the context does.
Result<helm::UserValues> user_values_of(const Value& options, const ChartPlace& place);

// `options` may be null.
Result<std::vector<Manifest>> render_helm(const ChartPlace& place, const Value* options);

}  // namespace holdfast::render
