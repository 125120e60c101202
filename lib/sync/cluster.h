// SPDX-License-Identifier: Apache-2.0
// What lives, kept current by watches of the kinds that are managed and of no others. The whole object
// is kept where an Application tracks or targets it; of the rest only name, owner and version. A view
// says whether it is complete, because nothing may be pruned from a view that is not.
// It does not know Applications' specs, Git or rendering.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/guarded.h"
#include "kube/client.h"
#include "kube/watch.h"
#include "sync/compare.h"
#include "sync/settings.h"
#include "sync/tracking.h"

namespace holdfast::sync {

struct KindRef {
  std::string group, version, kind;

  auto operator<=>(const KindRef&) const = default;
};

using GroupKind = std::pair<std::string, std::string>;

inline GroupKind group_kind(const Key& key) { return {key.group, key.kind}; }

struct View {
  Live objects;
  bool ready = true;          // every kind's first list is here, or has been in trouble for long
  std::map<GroupKind, std::string> stale;  // the kinds of which what is shown may be old or not all, with the reason
  std::set<GroupKind> unseen;  // of these those of which nothing is shown: whether the cluster serves them is not known
  std::string waits_for;      // the kind that is not ready
};

struct Orphan {
  Key key;
  std::string owner;  // the Application that its tracking names; "" when it names none
};

class Cluster {
 public:
  // Get the name of an Application; called on watch threads.
  struct Handlers {
    std::function<void(const std::string& application)> changed;  // one of its objects, and more may follow
    std::function<void(const std::string& application)> awaited;  // what its view was not ready for is here
  };

  Cluster(kube::Client& client, Handlers handlers);
  ~Cluster();

  // Did nothing of interest change in a live object? May be called on several threads at once.
  using IsIdle = std::function<bool(const Key& key, const Value& before, const Value& after)>;

  // `tracking`: which metadata says whose an object is; a change relabels everything that is kept.
  // `is_idle`: the changes of which no Application is told; empty: it is told of all.
  // `respect`: what a kind is that the engine may not list.
  void configure(const Tracking& tracking, IsIdle is_idle, RespectRbac respect);

  // Watches the kinds from now on. A kind that the cluster does not serve is left out; those of which that is not known,
  // because the server behind their group does not answer, are returned.
  std::set<GroupKind> watch_kinds(const std::vector<KindRef>& kinds);

  // The application's objects: tracked ones without an owner, and what has one of the `targets`.
  // `application` is told of changes of all of these from now on, and of the end of a kind's trouble.
  Result<View> live_of(const std::string& application, const std::vector<KindRef>& kinds,
                       const std::set<Key>& targets);

  // What a write returned: the view is never older than our own writes.
  void note_written(const Value& object);
  void note_removed(const Key& key);

  // One object, straight from the server; null when there is none.
  Result<ObjectPtr> fetch(const Key& key, const std::string& version);

  // The top-level objects of a namespace that are not the application's, of these kinds as far as they are listed: they are
  // watched from now on, and the application is told when another one of them is listed, and when an object comes or goes.
  [[nodiscard]] std::vector<Orphan> others_in(const std::string& namespace_, const std::string& application, const std::vector<KindRef>& kinds);

  void forget(const std::string& application);
  [[nodiscard]] std::size_t watched_kinds();
  [[nodiscard]] std::size_t known_objects();
  // Objects that came, changed or went, by kind, since its watch began.
  [[nodiscard]] std::map<GroupKind, std::uint64_t> events_seen();

 private:
  struct Held;
  struct Watched;
  struct State;

  void start(const kube::KindInfo& kind);
  [[nodiscard]] bool leaves_out(const kube::KindInfo& kind);
  void observe(const std::string& group, const std::string& kind, kube::WatchEvent&& event);
  bool changes_nothing(const std::string& group, const std::string& kind, const Value& object);
  void store(State& state, Value&& object, std::set<std::string>& touched);
  static void bury(State& state, std::string uid);
  static void tell_counting(const State& state, const Value& object, std::set<std::string>& touched);
  [[nodiscard]] static bool is_child_by_name(const State& state, const Key& key);

  kube::Client& client_;
  Handlers handlers_;
  std::unique_ptr<Guarded<State>> state_;
};

}  // namespace holdfast::sync
