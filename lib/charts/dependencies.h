// SPDX-License-Identifier: Apache-2.0
// Which charts a chart in a tree wants under charts/ and has not: what `helm dependency build` would
// bring. Pure. Mirrors helm 4.3 pkg/action/install.go (CheckDependencies), pkg/downloader/manager.go
// (Build) and internal/resolver/resolver.go (HashReq, HashV2Req).
#pragma once

#include "base/result.h"
#include "tree/file_tree.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::charts {

struct MissingChart {
  std::string name;
  std::string version;     // of Chart.lock, else Chart.yaml's range
  std::string repository;  // "https://…", "oci://…", "@name", "alias:name" or "file://../x"
};

// Nothing when the folder is no chart or has all. Only names are compared, as Helm does.
// Refuses with Code::chart a Chart.lock that does not belong to Chart.yaml, a repository that Helm
// does not know, or what the files are refused with.
Result<std::vector<MissingChart>> missing_charts(const tree::FileTree& tree,
                                                 const std::string& folder);

}  // namespace holdfast::charts
