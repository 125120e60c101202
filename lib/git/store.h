// SPDX-License-Identifier: Apache-2.0
// Inside this module: the bare store of one repository URL on this machine. Every commit in it has
// all its files (PackIntake judged them); parents may be absent. It notes whom the server lets in,
// because it is one store for all of them. It does not choose when to ask the server.
#pragma once

#include "base/guarded.h"
#include "git/git_tree.h"
#include "git/smart_client.h"

#include <condition_variable>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace holdfast::git {

struct StoreLimits {
  ClientLimits client;
  TreeLimits tree;
  std::size_t pack_bytes_max = std::size_t{1} << 30;
};

class Store {
 public:
  // Made when absent, made anew when damaged. Refuses with Code::file_unwritable.
  // Whom the server let in before is as if it had done so `now`.
  static Result<std::shared_ptr<Store>> open(const std::string& folder, const StoreLimits& limits, SteadyTime now);

  // The right to use the functions below; one holder at a time.
  class Turn {
   public:
    explicit Turn(Store& store) : store_(&store) {}

    Turn(Turn&& other) noexcept : store_(std::exchange(other.store_, nullptr)) {}

    Turn& operator=(Turn&&) = delete;

    ~Turn() {
      if (store_ != nullptr) store_->end_turn();
    }

   private:
    Store* store_;
  };

  // Refuses with Code::stopped.
  Result<Turn> take_turn(const std::stop_token& stop);
  // Nothing while somebody else has it.
  std::optional<Turn> try_turn();

  // Thread-safe without a turn: the last listing did not come in its time.
  struct Silence {
    Error error;
    SteadyTime since;
  };

  std::optional<Silence> silence();
  // The same of the last fetch: of this commit, where it ran out of time.
  std::optional<Silence> stalled(const CommitId& commit);

  struct Listing {
    std::vector<Ref> refs;
    SteadyTime asked;  // when the question was put
  };

  // Thread-safe without a turn: what was listed last, shared because listings are long.
  std::shared_ptr<const Listing> listing();
  void expire();

  // Thread-safe without a turn: has the server answered this reader, and not refused since? Survives a restart.
  bool lets_in(const std::string& reader);
  // The same, and the answer is from `since` or later.
  bool lets_in(const std::string& reader, SteadyTime since);

  Result<std::shared_ptr<const Listing>> list(SmartClient& client, const Clock& clock,
                                              const std::stop_token& stop);
  // Refs beyond branches and tags; not remembered.
  Result<std::vector<Ref>> list_more(SmartClient& client, const std::string& prefix,
                                     const std::stop_token& stop);

  // A commit that is here. Nothing when it is not.
  Result<std::shared_ptr<const GitTree>> find_tree(const CommitId& commit);
  // The one commit whose id begins so, if it is here.
  std::optional<CommitId> find_commit(std::string_view prefix);

  // Brings a commit with its files, and notes when that runs out of time; when the server does not give out commits by id, everything
  // that its branches and tags lead to.
  Result<> fetch(SmartClient& client, const CommitId& commit, const Clock& clock, const std::stop_token& stop);
  Result<> fetch_all(SmartClient& client, const std::stop_token& stop);
  // Brings an annotated tag and the commit that it leads to.
  Result<> fetch_tag(SmartClient& client, const ObjectId& tag, const std::stop_token& stop);
  // Brings what came before a commit; only what is new since the last time.
  Result<> fetch_history(SmartClient& client, const CommitId& commit, const std::stop_token& stop);

  [[nodiscard]] const std::string& folder() const { return folder_; }

  class Private {
    friend class Store;
    Private() = default;
  };

  Store(Private, std::string folder, const StoreLimits& limits)
      : folder_(std::move(folder)), limits_(limits) {}

 private:
  void end_turn();
  void let_in(const std::string& reader, SteadyTime now);
  void shut_out(const std::string& reader);
  // What the server says to the client's credentials, noted.
  template <class T>
  Result<T> heard(const SmartClient& client, Result<T> answer);
  Result<std::vector<Ref>> ask_refs(SmartClient& client, const std::vector<std::string>& extra, const std::stop_token& stop);
  Result<> fetch_commit(SmartClient& client, const CommitId& commit, const std::stop_token& stop);
  Result<> fetch_into(SmartClient& client, const FetchRequest& request,
                      const std::stop_token& stop);
  Result<> learn_dialect(SmartClient& client, const std::stop_token& stop);
  void remember_tip(const CommitId& commit);

  std::string folder_;
  StoreLimits limits_;
  Guarded<bool> busy_{false};
  std::condition_variable_any freed_;

  struct Listed {
    std::shared_ptr<const Listing> listing;
    std::optional<Silence> silence;
    std::optional<std::pair<CommitId, Silence>> stalled;
    int expiries = 0;
  };

  Guarded<Listed> listed_;
  struct Reader {
    std::string name;
    SteadyTime answered;  // last
  };

  void save_readers(const std::vector<Reader>& readers) const;

  Guarded<std::vector<Reader>> readers_;  // newest first
  Guarded<std::map<CommitId, std::weak_ptr<const GitTree>>> trees_;
  Dialect dialect_ = Dialect::unknown;  // this and what follows: the turn's holder
  std::vector<CommitId> tips_;          // newest first
  std::optional<CommitId> whole_;       // here with its history; a restart forgets it and pays one larger fetch
};

}  // namespace holdfast::git
