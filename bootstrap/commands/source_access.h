// SPDX-License-Identifier: Apache-2.0
// Reads the sources of an Application for a command: commits of Git, charts of repositories and registries. Whatever
// this machine reaches, and the cluster's own Services (source_transport.h); with the repository Secrets of the
// engine's namespace, as far as the caller may read them. What is fetched goes with the object.
// It does not know what is made of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "commands/app_access.h"
#include "tree/file_tree.h"

namespace holdfast::bootstrap {

using TreePtr = std::shared_ptr<const tree::FileTree>;

struct FetchedTree {
  TreePtr tree;
  std::string revision;  // the commit, the chart's version, or the artifact's digest
};

class SourceAccess {
 public:
  // `access` outlives it.
  static Result<std::unique_ptr<SourceAccess>> open(AppAccess& access, const sync::Application& application);
  virtual ~SourceAccess() = default;

  // A chart that is vendored in the repository that the engine serves is taken from there, as the engine does.
  // Refuses as git::Mirrors and charts::Charts do, and says so when the Secrets could not be read.
  virtual Result<FetchedTree> fetch(const sync::Source& source, const std::string& revision) = 0;
  // The tree with the charts that the one in `folder` wants and has not, by the Secrets that the project permits.
  virtual Result<TreePtr> with_dependencies(TreePtr tree, const std::string& folder) = 0;
};

// The repository that the engine in that namespace serves itself, by what Applications call it; "" where none is
// from there.
std::string built_in_url(const std::vector<sync::Application>& applications, const std::string& control_namespace);

}  // namespace holdfast::bootstrap
