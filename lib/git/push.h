// SPDX-License-Identifier: Apache-2.0
// The client's side of a push to the built-in Git: asks where the branch is, packs what is missing
// there, sends it. It does not know how the server is reached or how it knows us: requests are
// handed over complete but for that.
#pragma once

#include "base/result.h"
#include "git/object_id.h"
#include "http/transport.h"

#include <functional>
#include <stop_token>
#include <string>

namespace holdfast::git {

struct PushTarget {
  std::string url;         // of the agent, without a final '/'
  std::string repository;  // "fleet": served there as /fleet.git
  // Adds what the way to the agent needs (credentials, a proxy's URL is in `url` already).
  std::function<Result<http::Response>(http::Request)> send;
};

struct PushedCommits {
  CommitId before;  // zero: the branch was absent
  CommitId after;
  std::size_t commits = 0;
  std::size_t pack_bytes = 0;
};

// Moves `branch` there to where it is in `repository` (a .git folder or bare). Nothing is sent when
// it is there already: commits is 0 then. Refuses with Code::git_not_fast_forward, forbidden,
// git_unreachable, git_revision (no such branch here), or the server's words.
Result<PushedCommits> push_to(const PushTarget& target, const std::string& repository,
                              const std::string& branch, const std::stop_token& stop);

}  // namespace holdfast::git
