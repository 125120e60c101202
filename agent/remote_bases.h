// SPDX-License-Identifier: Apache-2.0
// The repositories that a kustomization names as remote bases: those that the Application's project
// permits as sources, read from the agent's own mirrors. It does not know kustomizations.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "git/mirrors.h"
#include "sync/project.h"

namespace holdfast::agent {

struct RemoteBases {
  git::Mirrors& mirrors;
  std::shared_ptr<const sync::Project> project;  // null permits nothing
  std::function<git::Remote(const std::string& url)> remote_of;
  Duration max_age;  // of a listing of the refs that may answer
  std::stop_token stop;

  // The files of the repository at a revision, "" is its default branch. Refuses with
  // Code::project_denied, or as Mirrors does.
  Result<std::shared_ptr<const tree::FileTree>> operator()(const std::string& url,
                                                           const std::string& revision) const;
};

}  // namespace holdfast::agent
