// SPDX-License-Identifier: Apache-2.0
// What a Git client asks of a repository, in protocol v2 and v0. Pure.
// Mirrors Git 2.39's gitprotocol-v2 (ls-refs, fetch) and gitprotocol-pack.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "git/object_id.h"
#include "git/smart_client.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace holdfast::git {

struct ListArguments {
  bool peel = false, symrefs = false, unborn = false;
  std::vector<std::string> prefixes;  // none: everything
};

struct FetchArguments {
  static constexpr int whole_history = 0x7fffffff;  // what `git fetch --unshallow` asks for

  std::vector<ObjectId> wants, haves;
  std::vector<ObjectId> shallows;  // the client has these commits without their parents
  int depth = 0;                   // 0: not asked for
  bool relative = false;           // the depth counts from the client's shallow commits
  WallTime since{};                // only commits that are not older
  bool done = false;               // no more haves follow: send the pack
  bool include_tags = false;
  bool side_band = false;
  bool detailed_acks = false;  // v0's multi_ack_detailed
  bool only_depth = false;     // v0: nothing but the new shallow commits is asked for

  [[nodiscard]] bool deepens() const { return depth > 0 || since != WallTime{}; }
};

// A v2 request that is nothing but a flush asks nothing (git's probe before a large request).
using UploadRequest = std::variant<std::monostate, ListArguments, FetchArguments>;

// Refuses with Code::wrong_type what the protocol does not allow, with Code::limit more than
// `ids_max` ids.
Result<UploadRequest> parse_upload_request(Dialect dialect, std::string_view body,
                                           std::size_t ids_max = 100'000);

}  // namespace holdfast::git
