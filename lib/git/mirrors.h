// SPDX-License-Identifier: Apache-2.0
// What the engine knows of Git: a URL and a revision go in, a commit's files come out. One bare store
// per repository URL, shared by all Applications; only the trees of the commits that were asked for are
// fetched (depth 1), so a store grows with what is used and not with a repository's history.
// It does not know Applications, YAML or Kubernetes.
// Revisions mean what they mean to Argo CD 3.6, util/git/client.go: lsRemote and util/versions.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "git/git_tree.h"
#include "git/object_id.h"
#include "git/revision.h"

namespace holdfast::http {
class Transport;
}

namespace holdfast::git {

// A repository and how to reach it. Equal URLs share a store whatever their credentials are: the
// server is asked with the caller's credentials on every resolve.
struct Remote {
  std::string url;  // http:// or https://, without user information; or one of the local URLs
  std::string username;
  Secret password;
  Secret bearer_token;  // instead of user name and password
  std::string ca_pem;   // trusted in addition to the system's authorities
  Secret client_certificate_pem, client_key_pem;
};

struct MirrorLimits {
  Duration list_timeout = std::chrono::seconds(15);   // Argo CD's reposerver.git.request.timeout
  Duration idle_timeout = std::chrono::seconds(30);   // of a fetch: no byte arrived
  Duration fetch_timeout = std::chrono::seconds(120);
  std::size_t pack_bytes_max = std::size_t{1} << 30;
  std::size_t pack_objects_max = 2'000'000;
  std::size_t refs_max = 200'000;
  TreeLimits tree;
};

using MakeTransport = std::function<Result<std::unique_ptr<http::Transport>>(const Remote&)>;

struct MirrorsOptions {
  std::string directory;  // made when absent; belongs to this object alone
  // URLs that are a bare repository on this machine (the built-in Git's own URL): read in place,
  // without a network.
  std::map<std::string, std::string> local;
  MirrorLimits limits;
  MakeTransport make_transport;  // empty: libcurl
};

struct Query {
  std::string revision;            // branch, tag, "", HEAD, full ref, 7..40 hex digits, semver range
  std::string tag_prefix;          // of semver tags; stripped before versions are compared
  Duration max_age = Duration{0};  // a listing of the refs this recent may answer
};

// Thread-safe; one request per repository at a time, repositories do not wait for each other.
class Mirrors {
 public:
  // Refuses with Code::file_unwritable.
  static Result<std::unique_ptr<Mirrors>> open(MirrorsOptions options, const Clock& clock);
  ~Mirrors();

  // Asks the server (or the local repository) what `revision` is; annotated tags are peeled.
  // Refuses with Code::git_revision, git_unreachable, timed_out or limit. A full commit id is returned as it
  // is, without a question, as Argo CD does.
  Result<CommitId> resolve(const Remote& remote, const Query& query, const std::stop_token& stop);

  // The files of a commit; fetched first when they are not here yet. A cut fetch changes nothing.
  Result<std::shared_ptr<const GitTree>> tree(const Remote& remote, const CommitId& commit,
                                              const std::stop_token& stop);

  // Forgets listings, so that the next resolve asks whatever its max_age is (webhook, hard refresh).
  void expire(const std::string& url);

 private:
  struct State;
  explicit Mirrors(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace holdfast::git
