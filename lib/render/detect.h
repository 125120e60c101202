// SPDX-License-Identifier: Apache-2.0
// What kind of source a folder is, and the options that the folder itself adds to its Application.
// It does not render.
// Mirrors argoproj/argo-cd 3.6: util/app/discovery/discovery.go, ApplicationSource.ExplicitType and
// mergeSourceParameters.
#pragma once

#include "render/render.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::render {

// The folder that `path` of a source names, cleaned. Refuses with Code::path_outside (absolute, or
// it leaves the repository) or Code::path_missing (absent, or a file).
Result<std::string> source_folder(const tree::FileTree& tree, std::string_view path);

// The source with .argocd-source.yaml and .argocd-source-APPLICATION.yaml of the folder merged into
// it; repoURL, path, chart and targetRevision stay as they were.
Result<Value> with_overrides(const Value& source, std::string_view application,
                             const tree::FileTree& tree, std::string_view folder);

// The source without sub-objects that say nothing: `helm: {}` says as much as no `helm` at all.
Value without_empty_blocks(Value source);

// An explicit sub-object decides, then the files of the folder, else it is a plain directory.
// Refuses with Code::application_spec when two are given, Code::source_unsupported for a plugin.
Result<Type> detect(const Value& source, const tree::FileTree& tree, std::string_view folder);

// The folder of the chart that a source is rendered from; nothing where it is no chart.
// Refuses as the functions above.
Result<std::optional<std::string>> chart_folder(const Value& source, std::string_view application, const tree::FileTree& tree);

}  // namespace holdfast::render
