// SPDX-License-Identifier: Apache-2.0
// `holdfast repo lint` and `repo render`: what the engine would see, without a cluster.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "console.h"
#include "tree/file_tree.h"

namespace holdfast::bootstrap {

struct Finding {
  enum class Severity { error, warning } severity;
  std::string place;  // "path", "path:line:col" or an object
  Code code;
  std::string text;
  std::string fix;  // "" where the code's own says it
};

// All findings of all clusters, in the order of the repository's files.
Result<std::vector<Finding>> lint_repository(const tree::FileTree& repository);

struct RepoLintOptions {
  std::string folder = ".";
};

// Refuses with Code::repo_lint when there is an error among the findings.
Result<> run_repo_lint(const RepoLintOptions& options, Console& console);

struct RepoRenderOptions {
  std::string folder = ".";
  std::string cluster;      // empty: the only one
  std::string application;  // empty: all of the cluster
};

// Prints the manifests as one YAML stream.
Result<> run_repo_render(const RepoRenderOptions& options, Console& console);

}  // namespace holdfast::bootstrap
