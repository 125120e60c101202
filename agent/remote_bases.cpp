// SPDX-License-Identifier: Apache-2.0
#include "agent/remote_bases.h"

#include "base/text.h"

namespace holdfast::agent {

Result<std::shared_ptr<const tree::FileTree>> RemoteBases::fetch(const git::Remote& remote, const std::string& revision,
                                                                 const std::stop_token& stop) const {
  sync::Source asked;
  asked.repo_url = remote.url;
  if (project == nullptr || !project->permits_source(asked)) {
    return failure(Error(Code::project_denied,
                         fmt::format("the project{} does not permit the repository \"{}\"",
                                     project == nullptr ? "" : fmt::format(" \"{}\"", project->name),
                                     printable(remote.url)))
                       .fix("add it to sourceRepos of the AppProject, or copy the base into the "
                            "repository"));
  }
  const auto commit = TRY(mirrors.resolve(remote, {revision, "", max_age}, stop));
  return TRY(mirrors.tree(remote, commit, stop));
}

}  // namespace holdfast::agent
