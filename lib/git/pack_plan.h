// SPDX-License-Identifier: Apache-2.0
// Which objects somebody lacks: from what is wanted, what is there, and how deep. Used for
// answering a fetch and for a push. It does not know the protocol.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "git/object_id.h"

#include <functional>
#include <stop_token>
#include <string_view>
#include <vector>

struct git_odb;
struct git_repository;

namespace holdfast::git {

struct PackLimits {
  std::size_t commits_max = 1'000'000;
  std::size_t objects_max = 4'000'000;
};

struct PackQuestion {
  std::vector<CommitId> wants;     // commits
  std::vector<CommitId> haves;     // commits that exist here and there
  std::vector<CommitId> shallows;  // there without their parents
  int depth = 0;                   // 0: no limit asked for
  bool relative = false;           // the depth counts from `shallows`
  WallTime since{};                // only commits that are not older
};

struct PackPlan {
  std::vector<CommitId> commits;    // to send, newest first
  std::vector<CommitId> boundary;   // there already: their files need not be sent
  std::vector<CommitId> shallow;    // will be there without their parents, and were not so before
  std::vector<CommitId> unshallow;  // will have their parents
};

// Refuses with Code::limit or Code::git_object.
Result<PackPlan> plan_pack(git_repository& repository, const PackQuestion& question,
                           const PackLimits& limits);

using PackSink = std::function<Result<>(std::string_view)>;

// Writes the plan's commits with all their files but the boundary's, and `tags`, as one pack.
// Memory: the ids, and one window of deltas. Refuses with Code::stopped, what `sink` refuses with,
// limit, git_object.
Result<> write_pack(git_repository& repository, const PackPlan& plan,
                    const std::vector<ObjectId>& tags, const PackSink& sink,
                    const std::stop_token& stop);

}  // namespace holdfast::git
