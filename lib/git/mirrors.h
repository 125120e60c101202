// SPDX-License-Identifier: Apache-2.0
// What the engine knows of Git: a URL and a revision go in, a commit's files come out. One bare
// store per repository URL, shared by all Applications; only the files of the commits that were
// asked for are fetched (depth 1), so a store grows with what is used, not with the history. What one
// has fetched another reads when the server has answered the other's own credentials as well: a store
// gives nothing to whom the repository is closed. (Argo CD's cache does: argoproj/argo-cd#25600.) A server that is away
// closes it to nobody whom it let in before.
// It does not know Applications, YAML or Kubernetes.
// Revisions mean what they mean to Argo CD 3.6, util/git/client.go: lsRemote and util/versions.
#pragma once

#include "base/clock.h"
#include "git/git_tree.h"
#include "git/object_id.h"
#include "git/remote.h"
#include "http/transport.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace holdfast::git {

struct MirrorLimits {
  Duration list_timeout = std::chrono::seconds(15);  // Argo CD's reposerver.git.request.timeout
  Duration idle_timeout = std::chrono::seconds(30);  // of a fetch: no byte arrived
  Duration fetch_timeout = std::chrono::seconds(120);
  std::size_t bytes_per_second_min = 1024;  // of a pack, over each idle_timeout
  std::size_t pack_bytes_max = std::size_t{1} << 30;
  std::size_t pack_objects_max = 2'000'000;
  std::size_t refs_max = 200'000;
  std::size_t history_max = 100'000;  // commits of a walk
  // Who reads what was fetched for others is asked for anew after this time: credentials may have been taken back.
  Duration trust_timeout = std::chrono::minutes(5);
  TreeLimits tree;
};

using MakeTransport = std::function<Result<std::unique_ptr<http::Transport>>(const Remote&)>;
// libcurl, or SSH, with what the remote says of how it is reached.
Result<std::unique_ptr<http::Transport>> make_transport(const Remote& remote);

// One question to a server of repositories, for metrics.
struct Asked {
  enum class What { listing, fetch };

  What what;
  const std::string& url;
  Duration took;
  bool answered;
};

struct MirrorsOptions {
  std::string directory;  // made when absent; belongs to this object alone
  // URLs that are a bare repository on this machine (the built-in Git's own URL): read in place,
  // without a network.
  std::map<std::string, std::string> local;
  MirrorLimits limits;
  MakeTransport make_transport;  // empty: the one above
  std::function<void(const Asked&)> on_asked;  // may be empty; called by whoever asks
};

struct Query {
  std::string revision;    // branch, tag, "", HEAD, full ref, 7..40 hex digits, semver range
  std::string tag_prefix;  // of semver tags; stripped before versions are compared
  Duration max_age = Duration{0};  // a listing of the refs this recent may answer
};

// Thread-safe; one request per repository at a time, repositories do not wait for each other. With
// Reach::here nobody is waited for: what is not on this machine is refused with Code::answer_awaited.
class Mirrors {
 public:
  // Refuses with Code::file_unwritable. `clock` must outlive it.
  static Result<std::unique_ptr<Mirrors>> open(MirrorsOptions options, const Clock& clock);
  ~Mirrors();

  // Asks the server (or the local repository) what `query.revision` is; annotated tags are peeled.
  // A full commit id is returned without a question, as Argo CD does.
  // Refuses with Code::git_revision, git_unreachable, timed_out, limit or stopped.
  Result<CommitId> resolve(const Remote& remote, const Query& query, const std::stop_token& stop);

  // The files of a commit; fetched first when they are not here yet. A cut fetch changes nothing.
  // Refuses as resolve() and with Code::git_object.
  Result<std::shared_ptr<const GitTree>> tree(const Remote& remote, const CommitId& commit,
                                              const std::stop_token& stop);

  // The commit's own bytes, as they are stored: what a signature stands over. Refuses as tree().
  Result<std::string> commit_object(const Remote& remote, const CommitId& commit,
                                    const std::stop_token& stop);

  // The annotated tag that the revision means and that leads to `commit`, as it is stored; nothing where it means
  // none. Refuses as tree().
  Result<std::optional<std::string>> tag_object(const Remote& remote, const Query& query, const CommitId& commit,
                                                const std::stop_token& stop);

  enum class Descend { no, yes };
  // Gets each commit once, as it is stored; says whether what came before it is of interest.
  using Visit = std::function<Result<Descend>(const CommitId& commit, std::string_view object)>;

  // A commit and what came before it, nearest first. The history is fetched when it is not here, and with
  // it all files of it. Refuses as tree(), with Code::limit, and with what `visit` refuses.
  Result<> walk(const Remote& remote, const CommitId& commit, const Visit& visit, const std::stop_token& stop);

  // Forgets the listing of the refs, so that the next resolve asks whatever its max_age is
  // (webhook, hard refresh).
  void expire(const std::string& url);

  struct State;

  class Private {
    friend class Mirrors;
    Private() = default;
  };

  Mirrors(Private, std::unique_ptr<State> state);  // open() is the only one that can call it

 private:
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::git
