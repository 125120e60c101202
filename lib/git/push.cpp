// SPDX-License-Identifier: Apache-2.0
#include "git/push.h"

#include "base/text.h"
#include "git/library.h"
#include "git/pack_plan.h"
#include "git/receive_push.h"
#include "git/repository.h"
#include "git/smart_client.h"

#include <algorithm>
#include <vector>

namespace holdfast::git {
namespace {

constexpr std::size_t refs_max = 100'000;
constexpr std::size_t pack_bytes_max = std::size_t{256} << 20;

// An answer that is none of ours: a proxy's, or another program's.
std::unexpected<Error> strange(const http::Response& response) {
  return failure(
      Error(Code::git_unreachable, fmt::format("the built-in Git answers HTTP {}", response.status))
          .because(printable(trim(response.body))));
}

Result<> judge(const http::Response& response) {
  if (response.ok()) return {};
  const std::string words = printable(trim(response.body), 1000);
  switch (response.status) {
    case 401:
    case 403: return failure(Error(Code::forbidden, "the push is not permitted").because(words));
    case 409: return failure(Error(Code::git_not_fast_forward, words));
    case 413: return failure(Error(Code::limit, "the push is too large").because(words));
    case 422: return failure(Error(Code::git_object, "the push was refused").because(words));
    case 507:
      return failure(Error(Code::disk_full, "the built-in Git's disk is full").because(words));
    default: return strange(response);
  }
}

Result<std::vector<Ref>> refs_there(const PushTarget& target) {
  http::Request request{.url = fmt::format("{}/{}.git/info/refs?service=git-upload-pack",
                                           target.url, target.repository)};
  const auto response = TRY(target.send(std::move(request)), "asking for the published commits");
  if (response.status != 200) return strange(response);
  return parse_advertised_refs(response.body, refs_max);
}

ObjectId position_in(const std::vector<Ref>& refs, const std::string& name) {
  const auto ref = std::ranges::find(refs, name, &Ref::name);
  return ref == refs.end() ? ObjectId() : ref->id;
}

// What they have of our history.
std::vector<CommitId> known_here(git_odb& objects, const std::vector<Ref>& refs) {
  std::vector<CommitId> known;
  for (const auto& ref : refs) {
    const auto commit = ref.peeled ? *ref.peeled : ref.id;
    if (!has_object(objects, commit)) continue;
    const auto kind = kind_of_object(objects, commit);
    if (kind && *kind == ObjectKind::commit) known.push_back(commit);
  }
  return known;
}

Result<std::string> pack_of(git_repository& repository, const PackPlan& plan,
                            const std::stop_token& stop) {
  std::string pack;
  const auto collect = [&](std::string_view bytes) -> Result<> {
    if (pack.size() + bytes.size() > pack_bytes_max) {
      return failure(Code::limit, "the push has more than {} bytes", pack_bytes_max);
    }
    pack += bytes;
    return {};
  };
  TRY(write_pack(repository, plan, {}, collect, stop));
  return pack;
}

}  // namespace

Result<PushedCommits> push_to(const PushTarget& target, const std::string& repository,
                              const std::string& branch, const std::stop_token& stop) {
  const std::string ref = "refs/heads/" + branch;
  const auto handle = TRY(open_repository(repository));
  const auto objects = TRY(objects_of(*handle));
  const auto here = TRY(read_refs(repository));
  const auto after = position_in(here, ref);
  if (after.is_zero()) {
    return failure(Code::git_revision, "the repository has no branch \"{}\"", printable(branch));
  }
  const auto there = TRY(refs_there(target));
  const auto before = position_in(there, ref);
  PushedCommits pushed{.before = before, .after = after};
  if (before == after) return pushed;
  if (!before.is_zero() && !has_object(*objects, before)) {
    return failure(Code::git_not_fast_forward, "the published \"{}\" is at {}, which is not here",
                   printable(branch), before.hex().substr(0, 10));
  }
  const PackQuestion question{.wants = {after}, .haves = known_here(*objects, there)};
  const auto plan = TRY(plan_pack(*handle, question, {}));
  pushed.commits = plan.commits.size();

  http::Request request{.method = "POST", .url = target.url + "/push"};
  request.headers.push_back({"Content-Type", "application/x-holdfast-push"});
  request.body = write_push_command({.ref = ref, .before = before, .after = after});
  if (!plan.commits.empty()) {
    const auto pack = TRY(pack_of(*handle, plan, stop));
    pushed.pack_bytes = pack.size();
    request.body += pack;
  }
  request.timeout = std::chrono::minutes(5);
  const auto response = TRY(target.send(std::move(request)), "pushing");
  TRY(judge(response));
  return pushed;
}

}  // namespace holdfast::git
