// SPDX-License-Identifier: Apache-2.0
// Reads commits for a command: from any Git server that this machine reaches, and from the cluster's
// built-in Git through the API server's service proxy, or from an agent on this machine. What is fetched
// goes with the object.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "kube/client.h"
#include "tree/file_tree.h"

namespace holdfast::bootstrap {

struct FetchedTree {
  std::shared_ptr<const tree::FileTree> tree;
  std::string commit;
};

class GitAccess {
 public:
  // `clock` outlives it.
  static Result<std::unique_ptr<GitAccess>> open(const Clock& clock);
  virtual ~GitAccess() = default;

  // Refuses as git::Mirrors does.
  virtual Result<FetchedTree> fetch(kube::Client& client, const std::string& url, const std::string& revision,
                                    const std::string& tag_prefix) = 0;
};

}  // namespace holdfast::bootstrap
