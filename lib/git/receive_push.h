// SPDX-License-Identifier: Apache-2.0
// The built-in Git's only way to change: one branch moves forward to a commit that arrives with its
// pack. The pack is judged apart from the repository, then the pack, then the branch: killed at any
// point, readers see the old commit or the new one, and git fsck finds nothing.
// It does not know users or HTTP: whoever calls it has permitted the push.
#pragma once

#include "base/result.h"
#include "git/object_id.h"

#include <functional>
#include <string>
#include <string_view>

namespace holdfast::git {

// What a push begins with: "holdfast-push 1\n", "ref …\n", "before …\n", "after …\n", "\n"; then
// the pack, or nothing when the repository has the commit already.
struct PushCommand {
  std::string ref;  // "refs/heads/main"
  ObjectId before;  // where the pusher saw it; zero: absent
  CommitId after;
};

std::string write_push_command(const PushCommand& command);
// Takes the command off the beginning of `text`. Refuses with Code::wrong_type.
Result<PushCommand> take_push_command(std::string_view& text);

// The next bytes of a body, empty at the end.
using ReadBytes = std::function<Result<std::string_view>()>;

struct PushLimits {
  std::size_t pack_bytes_max = std::size_t{256} << 20;
  std::size_t commits_max = 100'000;  // that are looked at to see that the push goes forward
};

// Refuses with Code::git_not_fast_forward (the branch is elsewhere, or not an ancestor), git_object
// (damaged, incomplete), wrong_type (no push), limit, or what `read` refuses with. A push that has
// happened already succeeds again, so a lost answer costs nothing.
Result<PushCommand> receive_push(const std::string& repository, const ReadBytes& read,
                                 const PushLimits& limits = {});

// Before the first push of a process: makes the repository when it is absent, and removes what
// killed processes left. Requires: no other process writes to it.
Result<> prepare_built_in(const std::string& repository, std::string_view branch);

}  // namespace holdfast::git
