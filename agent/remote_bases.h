// SPDX-License-Identifier: Apache-2.0
// The repositories that a kustomization names as remote bases: those that the Application's project
// permits as sources, read from the agent's own mirrors. It does not know kustomizations.
#pragma once

#include <memory>
#include <stop_token>
#include <string>

#include "git/mirrors.h"
#include "sync/project.h"

namespace holdfast::agent {

struct RemoteBases {
  git::Mirrors& mirrors;
  std::shared_ptr<const sync::Project> project;  // null permits nothing
  Duration max_age;  // of a listing of the refs that may answer

  // The files of the repository at a revision, "" is its default branch. Refuses with
  // Code::project_denied, or as Mirrors does.
  [[nodiscard]] Result<std::shared_ptr<const tree::FileTree>> fetch(const git::Remote& remote, const std::string& revision,
                                                                    const std::stop_token& stop) const;
};

}  // namespace holdfast::agent
