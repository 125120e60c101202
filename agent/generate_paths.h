// SPDX-License-Identifier: Apache-2.0
// argocd.argoproj.io/manifest-generate-paths: which commits an Application can be indifferent to. Pure.
// Mirrors argoproj/argo-cd 3.6 util/app/path/path.go: GetSourceRefreshPaths, AppFilesHaveChanged.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::agent {

// The annotation's paths as seen from the repository's root; empty when there is none: then every commit
// counts.
std::vector<std::string> refresh_paths(std::string_view annotation, std::string_view source_path);

// Is one of the files a watched path, below one, or matched by one? No files at all count as a change.
bool touches(const std::vector<std::string>& watched, const std::vector<std::string>& files);

}  // namespace holdfast::agent
