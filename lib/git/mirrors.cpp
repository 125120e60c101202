// SPDX-License-Identifier: Apache-2.0
#include "git/mirrors.h"

#include "base/guarded.h"
#include "base/text.h"
#include "git/library.h"
#include "git/object_text.h"
#include "git/repository.h"
#include "git/revision.h"
#include "git/ssh_address.h"
#include "git/ssh_transport.h"
#include "git/store.h"

#include <git2.h>

#include <deque>
#include <filesystem>
#include <set>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t commit_bytes_max = std::size_t{1} << 20;

// A name for anything: the id that Git would give it as a file.
std::string digest_of(std::string_view text) {
  git_oid oid{};
  CHECK(::git_odb_hash(&oid, text.data(), text.size(), GIT_OBJECT_BLOB) == 0);
  return from_oid(oid).hex();
}

Error no_revision(std::string_view revision) {
  return Error(Code::git_revision, fmt::format("the repository has no branch, tag or commit \"{}\"",
                                               printable(revision.empty() ? "HEAD" : revision)));
}

struct Objects {
  RepositoryHandle repository;
  ObjectsHandle objects;

  git_odb& operator*() const { return *objects; }
};

Result<Objects> open_objects(const std::string& folder) {
  auto repository = TRY(open_repository(folder));
  auto objects = TRY(objects_of(*repository));
  return Objects{std::move(repository), std::move(objects)};
}

std::unexpected<Error> at_url(const Error& error, const std::string& url) {
  return failure(Error(error).at(printable(url)));
}

}  // namespace

struct Mirrors::State {
  State(MirrorsOptions given, const Clock& time) : options(std::move(given)), clock(time) {}

  const std::string* local_folder(std::string_view url) const {
    const auto found = options.local.find(std::string(trimmed_url(url)));
    return found == options.local.end() ? nullptr : &found->second;
  }

  Result<std::shared_ptr<Store>> store_of(const Remote& remote);
  // The same for a reader whom the server lets in; it is asked when that is not known.
  Result<std::shared_ptr<Store>> open_store(const Remote& remote, const std::stop_token& stop);
  Result<std::shared_ptr<const Store::Listing>> list(Store& store, SmartClient& client, const Remote& remote,
                                                     const std::stop_token& stop) const;
  Result<std::shared_ptr<http::Transport>> transport_of(const Remote& remote);
  Result<CommitId> resolve_local(const std::string& folder, const Query& query) const;
  Result<CommitId> resolve_remote(const Remote& remote, const Query& query,
                                  const std::stop_token& stop);
  Result<std::shared_ptr<const GitTree>> tree_of(const Remote& remote, const CommitId& commit,
                                                 const std::stop_token& stop);
  Result<Store::Turn> turn_to_list(Store& store, SteadyTime asked, const std::stop_token& stop) const;
  Result<std::string> folder_of(const Remote& remote);
  // The refs as they were listed last, or as they are.
  Result<std::vector<Ref>> refs_of(const Remote& remote, const std::stop_token& stop);
  // Calls `fetch` in turn, with a client for the store.
  template <class Fetch>
  Result<> fetch_in_turn(const Remote& remote, const std::stop_token& stop, const Fetch& fetch);

  // What `ask` says, and that it was asked.
  template <class Ask>
  auto measured(Asked::What what, const Remote& remote, const Ask& ask) const {
    const auto start = clock.steady();
    auto answer = ask();
    if (options.on_asked)
      options.on_asked({what, remote.url, clock.steady() - start, answer.has_value()});
    return answer;
  }

  MirrorsOptions options;
  StoreLimits limits;
  const Clock& clock;
  Guarded<std::map<std::string, std::shared_ptr<Store>>> stores;
  // By their TLS and proxy settings: few, because each has a thread.
  Guarded<std::map<std::string, std::shared_ptr<http::Transport>>> transports;
};

Mirrors::Mirrors(Private, std::unique_ptr<State> state) : state_(std::move(state)) {}

Mirrors::~Mirrors() = default;

Result<std::unique_ptr<http::Transport>> make_transport(const Remote& remote) {
  if (is_ssh_url(remote.url)) return make_ssh_transport(remote);
  http::Options options;
  options.tls.ca_pem = remote.ca_pem;
  options.tls.client_certificate_pem = remote.client_certificate_pem;
  options.tls.client_key_pem = remote.client_key_pem;
  options.tls.verify = remote.verify == Verify::peer ? http::Verify::peer : http::Verify::nothing;
  options.proxy = remote.proxy;
  options.no_proxy = remote.no_proxy;
  return http::make_curl_transport(std::move(options));
}

Result<std::unique_ptr<Mirrors>> Mirrors::open(MirrorsOptions options, const Clock& clock) {
  start_library();
  std::error_code status;
  fs::create_directories(options.directory, status);
  if (status) {
    return failure(
        Error(Code::file_unwritable, fmt::format("\"{}\" cannot be made", options.directory))
            .because(status.message()));
  }
  if (!options.make_transport) options.make_transport = &make_transport;
  std::map<std::string, std::string> local;
  for (const auto& [url, folder] : options.local)
    local.emplace(trimmed_url(url), folder);
  options.local = std::move(local);
  const auto given = options.limits;
  auto state = std::make_unique<State>(std::move(options), clock);
  state->limits = {.client = {.list_timeout = given.list_timeout,
                              .idle_timeout = given.idle_timeout,
                              .fetch_timeout = given.fetch_timeout,
                              .bytes_per_second_min = given.bytes_per_second_min,
                              .refs_max = given.refs_max},
                   .tree = given.tree,
                   .pack_bytes_max = given.pack_bytes_max};
  return std::make_unique<Mirrors>(Private{}, std::move(state));
}

Result<std::shared_ptr<Store>> Mirrors::State::store_of(const Remote& remote) {
  TRY(check_url(remote.url));
  const std::string url(trimmed_url(remote.url));
  auto all = stores.lock();
  auto& store = (*all)[url];
  if (store == nullptr) {
    auto opened = Store::open(fmt::format("{}/{}.git", options.directory, digest_of(url)), limits, clock.steady());
    if (!opened) {
      all->erase(url);
      return opened;
    }
    store = *std::move(opened);
  }
  return store;
}

Result<std::shared_ptr<http::Transport>> Mirrors::State::transport_of(const Remote& remote) {
  if (remote.reach == Reach::here) return not_here();
  if (is_ssh_url(remote.url)) {
    // One address and one key; it holds no connection and no thread.
    auto made = TRY(options.make_transport(remote));
    return std::shared_ptr<http::Transport>(std::move(made));
  }
  const std::string key =
      digest_of(fmt::format("{}\n{}\n{}\n{}\n{}\n{}", remote.ca_pem,
                            remote.client_certificate_pem.reveal(),
                            remote.client_key_pem.reveal(), remote.proxy, remote.no_proxy,
                            remote.verify == Verify::peer ? "peer" : "nothing"));
  auto all = transports.lock();
  auto& transport = (*all)[key];
  if (transport == nullptr) {
    auto made = options.make_transport(remote);
    if (!made) {
      all->erase(key);
      return failure(made.error());
    }
    transport = *std::move(made);
  }
  return transport;
}

Result<CommitId> Mirrors::State::resolve_local(const std::string& folder,
                                               const Query& query) const {
  const auto handle = TRY(open_repository(folder));
  const auto objects = TRY(objects_of(*handle));
  const auto refs = TRY(read_refs(folder));
  if (const auto id = find_revision(refs, query.revision, query.tag_prefix)) return *id;
  if (is_short_commit_id(query.revision)) {
    git_oid beginning{}, found{};
    const auto& text = query.revision;
    if (::git_oid_fromstrn(&beginning, text.data(), text.size()) == 0 &&
        ::git_odb_exists_prefix(&found, objects.get(), &beginning, text.size()) == 0) {
      return peel_to_commit(*objects, from_oid(found));
    }
  }
  return failure(no_revision(query.revision));
}

// Of those who ask a server that does not answer one waits at a time, and between two questions as long as a
// question takes: however many Applications have their sources there, workers are left for the others.
Result<Store::Turn> Mirrors::State::turn_to_list(Store& store, SteadyTime asked, const std::stop_token& stop) const {
  const auto silence = store.silence();
  if (!silence) {
    auto turn = TRY(store.take_turn(stop));
    const auto since = store.silence();
    if (since && since->since > asked) return failure(since->error);
    return turn;
  }
  if (clock.steady() - silence->since < limits.client.list_timeout) return failure(silence->error);
  auto turn = store.try_turn();
  if (!turn) return failure(silence->error);
  return *std::move(turn);
}

Result<std::shared_ptr<const Store::Listing>> Mirrors::State::list(Store& store, SmartClient& client, const Remote& remote,
                                                                   const std::stop_token& stop) const {
  return measured(Asked::What::listing, remote, [&] { return store.list(client, clock, stop); });
}

Result<std::shared_ptr<Store>> Mirrors::State::open_store(const Remote& remote, const std::stop_token& stop) {
  auto store = TRY(store_of(remote));
  const auto reader = reader_of(remote);
  const auto trusted = [&] {
    const auto trust = std::chrono::duration_cast<SteadyTime::duration>(options.limits.trust_timeout);
    return store->lets_in(reader, clock.steady() - trust);
  };
  if (trusted()) return store;
  // Whom the server let in once goes on reading while it says nothing.
  const bool known = store->lets_in(reader);
  const auto silence = store->silence();
  if (known && silence && clock.steady() - silence->since < limits.client.list_timeout) return store;
  const auto transport = TRY(transport_of(remote));
  const auto turn = turn_to_list(*store, clock.steady(), stop);
  if (!turn && known && turn.error().code() != Code::stopped) return store;
  if (!turn) return failure(turn.error());
  if (trusted()) return store;
  SmartClient client(*transport, remote, limits.client, clock);
  const auto listed = list(*store, client, remote, stop);
  if (!listed && (!store->lets_in(reader) || listed.error().code() == Code::stopped)) return failure(listed.error());
  return store;
}

Result<CommitId> Mirrors::State::resolve_remote(const Remote& remote, const Query& query,
                                                const std::stop_token& stop) {
  const auto store = TRY(store_of(remote));
  const auto asked = clock.steady();
  const auto recent = [&, reader = reader_of(remote)](const std::shared_ptr<const Store::Listing>& listing) {
    return listing != nullptr && listing->asked + query.max_age >= asked && store->lets_in(reader);
  };
  auto listing = store->listing();
  if (recent(listing)) {
    if (const auto id = find_revision(listing->refs, query.revision, query.tag_prefix)) return *id;
  }
  const auto transport = TRY(transport_of(remote));
  const auto turn = TRY(turn_to_list(*store, asked, stop));
  SmartClient client(*transport, remote, limits.client, clock);
  // Whoever had the turn before may have asked for us.
  listing = store->listing();
  if (!recent(listing)) {
    listing = TRY(list(*store, client, remote, stop));
  }
  if (const auto id = find_revision(listing->refs, query.revision, query.tag_prefix)) return *id;
  if (query.revision.find('/') != std::string::npos) {
    const bool full = query.revision.starts_with("refs/");
    const auto prefix = full ? query.revision : "refs/" + query.revision;
    const auto refs = TRY(
        measured(Asked::What::listing, remote,
                 [&] { return store->list_more(client, prefix, stop); }));
    if (const auto id = find_revision(refs, query.revision, query.tag_prefix)) return *id;
  }
  if (is_short_commit_id(query.revision)) {
    if (const auto id = store->find_commit(query.revision)) return *id;
    TRY(measured(Asked::What::fetch, remote, [&] { return store->fetch_all(client, stop); }));
    if (const auto id = store->find_commit(query.revision)) return *id;
  }
  return failure(no_revision(query.revision));
}

Result<CommitId> Mirrors::resolve(const Remote& remote, const Query& query,
                                  const std::stop_token& stop) {
  if (const auto full = full_commit_id(query.revision)) return *full;
  const std::string* local = state_->local_folder(remote.url);
  auto commit = local != nullptr ? state_->resolve_local(*local, query)
                                 : state_->resolve_remote(remote, query, stop);
  if (!commit) return at_url(commit.error(), remote.url);
  return commit;
}

Result<std::shared_ptr<const GitTree>> Mirrors::State::tree_of(const Remote& remote,
                                                               const CommitId& commit,
                                                               const std::stop_token& stop) {
  const auto store = TRY(open_store(remote, stop));
  if (auto tree = TRY(store->find_tree(commit))) return tree;
  const auto transport = TRY(transport_of(remote));
  const auto turn = TRY(store->take_turn(stop));
  if (auto tree = TRY(store->find_tree(commit))) return tree;
  // Many Applications want the same commit: one of them waits for a server that stalls, not each in turn.
  const auto stalled = store->stalled(commit);
  if (stalled && clock.steady() - stalled->since < limits.client.idle_timeout) return failure(stalled->error);
  SmartClient client(*transport, remote, limits.client, clock);
  TRY(measured(Asked::What::fetch, remote, [&] { return store->fetch(client, commit, clock, stop); }));
  auto tree = TRY(store->find_tree(commit));
  if (tree == nullptr) return failure(no_revision(commit.hex()));
  return tree;
}

Result<std::shared_ptr<const GitTree>> Mirrors::tree(const Remote& remote, const CommitId& commit,
                                                     const std::stop_token& stop) {
  const std::string* local = state_->local_folder(remote.url);
  auto tree = local != nullptr ? GitTree::open(*local, commit, state_->limits.tree)
                               : state_->tree_of(remote, commit, stop);
  if (!tree) return at_url(tree.error(), remote.url);
  return tree;
}

Result<std::string> Mirrors::commit_object(const Remote& remote, const CommitId& commit,
                                           const std::stop_token& stop) {
  TRY(tree(remote, commit, stop));
  const auto folder = TRY(state_->folder_of(remote));
  const auto objects = TRY(open_objects(folder));
  auto object = TRY(read_object(*objects, commit, commit_bytes_max));
  if (object.kind == ObjectKind::commit) return std::move(object.content);
  return at_url(no_revision(commit.hex()), remote.url);
}

Result<std::string> Mirrors::State::folder_of(const Remote& remote) {
  if (const std::string* local = local_folder(remote.url)) return *local;
  const auto store = TRY(store_of(remote));
  return store->folder();
}

template <class Fetch>
Result<> Mirrors::State::fetch_in_turn(const Remote& remote, const std::stop_token& stop, const Fetch& fetch) {
  const auto store = TRY(store_of(remote));
  const auto transport = TRY(transport_of(remote));
  const auto turn = TRY(store->take_turn(stop));
  SmartClient client(*transport, remote, limits.client, clock);
  return measured(Asked::What::fetch, remote, [&] { return fetch(*store, client); });
}

Result<std::vector<Ref>> Mirrors::State::refs_of(const Remote& remote, const std::stop_token& stop) {
  if (const std::string* local = local_folder(remote.url)) return read_refs(*local);
  const auto store = TRY(open_store(remote, stop));
  if (const auto listing = store->listing()) return listing->refs;
  const auto transport = TRY(transport_of(remote));
  const auto turn = TRY(store->take_turn(stop));
  SmartClient client(*transport, remote, limits.client, clock);
  const auto listing = TRY(list(*store, client, remote, stop));
  return listing->refs;
}

Result<std::optional<std::string>> Mirrors::tag_object(const Remote& remote, const Query& query, const CommitId& commit,
                                                       const std::stop_token& stop) {
  const auto refs = TRY(state_->refs_of(remote, stop));
  const Ref* tag = find_annotated_tag(refs, query.revision, query.tag_prefix);
  if (tag == nullptr || *tag->peeled != commit) return std::nullopt;
  const auto folder = TRY(state_->folder_of(remote));
  auto objects = TRY(open_objects(folder));
  if (!has_object(*objects, tag->id) && state_->local_folder(remote.url) == nullptr) {
    TRY(state_->fetch_in_turn(remote, stop, [&](Store& store, SmartClient& client) { return store.fetch_tag(client, tag->id, stop); }));
    objects = TRY(open_objects(folder));
  }
  auto object = TRY(read_object(*objects, tag->id, commit_bytes_max));
  if (object.kind == ObjectKind::tag) return std::move(object.content);
  return at_url(no_revision(query.revision), remote.url);
}

Result<> Mirrors::walk(const Remote& remote, const CommitId& commit, const Visit& visit, const std::stop_token& stop) {
  TRY(tree(remote, commit, stop));
  const auto folder = TRY(state_->folder_of(remote));
  auto objects = TRY(open_objects(folder));
  bool may_fetch = state_->local_folder(remote.url) == nullptr;
  std::deque<CommitId> next{commit};
  std::set<CommitId> seen{commit};
  while (!next.empty()) {
    if (stop.stop_requested()) return failure(Code::stopped, "stopped while the history was read");
    const CommitId id = next.front();
    next.pop_front();
    if (may_fetch && !has_object(*objects, id)) {
      TRY(state_->fetch_in_turn(remote, stop, [&](Store& store, SmartClient& client) { return store.fetch_history(client, commit, stop); }));
      objects = TRY(open_objects(folder));
      may_fetch = false;
    }
    const auto object = TRY(read_object(*objects, id, commit_bytes_max));
    const auto parsed = TRY(parse_commit(object.content));
    const auto descend = TRY(visit(id, object.content));
    if (descend == Descend::no) continue;
    for (const auto& parent : parsed.info.parents) {
      if (seen.insert(parent).second) next.push_back(parent);
    }
    const auto most = state_->options.limits.history_max;
    if (seen.size() > most) return at_url(Error(Code::limit, fmt::format("the history has more than {} commits", most)), remote.url);
  }
  return {};
}

void Mirrors::expire(const std::string& url) {
  auto all = state_->stores.lock();
  const auto found = all->find(std::string(trimmed_url(url)));
  if (found != all->end()) found->second->expire();
}

}  // namespace holdfast::git
