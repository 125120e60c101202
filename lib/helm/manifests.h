// SPDX-License-Identifier: Apache-2.0
// Rendered files → documents in install order, hooks apart. Pure.
// Mirrors helm 4.3 pkg/release/v1/util/{manifest,manifest_sorter,kind_sorter}.go.
#pragma once

#include "base/result.h"
#include "helm/helm.h"

#include <map>
#include <string>
#include <vector>

namespace holdfast::helm {

// `files`: template path → output. Manifests in install order, then hooks in theirs.
// Refuses with Code::yaml_syntax at the file what is no YAML.
Result<std::vector<Document>> sort_documents(const std::map<std::string, std::string>& files,
                                             const Settings& settings);

// A file's documents as Helm 4.2 and later cut them.
std::vector<std::string> split_documents(std::string_view text);

}  // namespace holdfast::helm
