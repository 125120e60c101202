// SPDX-License-Identifier: Apache-2.0
#include "sync/cluster.h"

#include <charconv>
#include <thread>

#include "base/log.h"
#include "kube/reviews.h"
#include "sync/names.h"
#include "value/packed.h"

namespace holdfast::sync {

// One object: what is asked of all of them, and the rest packed, because most are looked at seldom.
struct Cluster::Held {
  std::string uid;
  std::uint64_t version = 0;  // resourceVersions of one cluster are comparable numbers (KEP-5504, and etcd's since ever)
  std::string application;    // that tracks it, "" for none
  bool owned = false;         // by another object
  bool whole = false;         // otherwise `object` is null: nobody manages it
  Packed object;
};

// Everything known of one kind. Guarded with the whole state; the thread only reports.
struct Cluster::Watched {
  kube::KindInfo kind;
  bool synced = false;
  bool ended = false;     // the kind is not served any more, or may not be listed
  bool withheld = false;  // the latter, and it counts
  SteadyTime ended_at{};
  std::optional<SteadyTime> trouble_since;
  std::map<std::pair<std::string, std::string>, Held> objects;  // by namespace and name
  std::uint64_t events = 0;
};

struct Cluster::State {
  Tracking tracking;
  IsIdle is_idle;
  RespectRbac respect = RespectRbac::no;
  std::map<GroupKind, Watched> kinds;
  std::map<GroupKind, std::jthread> threads;
  std::map<Key, std::set<std::string>> interest;              // target keys → applications
  std::map<std::string, std::set<Key>> targets;               // and back
  std::map<GroupKind, std::set<std::string>> waiting;         // for the first list or the end of trouble
  std::map<std::string, std::set<Key>> tracked;               // application → its live objects
  std::map<std::string, std::set<std::string>> counting;      // namespace → applications that count what is nobody's
  std::set<std::string> dead;                                 // uids that were seen to end: a late read of
                                                              // ours must not bring them back
};

namespace {

constexpr std::size_t dead_max = 4096;

// A kind whose watch just ended is not watched again at once, whatever discovery says.
constexpr auto rest_after_end = std::chrono::seconds(2);
// A kind that cannot be listed for this long holds up only itself: a broken conversion webhook.
constexpr auto trouble_patience = std::chrono::seconds(10);

// Entries of those who write its status, which nobody asks about, are not held. Other subresources stay: an
// autoscaler's replicas are ignored by its entry for "scale".
void drop_status_entries(Value& object) {
  Value* metadata = object.find("metadata");
  Value* entries = metadata == nullptr ? nullptr : metadata->find("managedFields");
  if (entries == nullptr || entries->as_array() == nullptr) return;
  std::erase_if(*entries->as_array(), [](const Value& entry) { return entry.text({"subresource"}) == "status"; });
}

std::uint64_t version_number(const Value& object) {
  const auto text = object.text({"metadata", "resourceVersion"});
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool has_owner(const Value& object) {
  const Value* owners = object.find_path({"metadata", "ownerReferences"});
  return owners != nullptr && owners->as_array() != nullptr && !owners->as_array()->empty();
}

}  // namespace

Cluster::Cluster(kube::Client& client, Handlers handlers)
    : client_(client), handlers_(std::move(handlers)), state_(std::make_unique<Guarded<State>>()) {}

Cluster::~Cluster() {
  // The threads report into the state until they end, so they are taken out before they are joined.
  std::map<GroupKind, std::jthread> threads;
  threads.swap(state_->lock()->threads);
  for (auto& [kind, thread] : threads) thread.request_stop();
}

void Cluster::configure(const Tracking& tracking, IsIdle is_idle, RespectRbac respect) {
  auto state = state_->lock();
  if (state->respect != respect) {
    // What may not be listed is judged anew by whoever looks next, whenever its watch ended.
    for (auto& [kind, watched] : state->kinds) watched.ended_at = {};
  }
  state->respect = respect;
  state->is_idle = std::move(is_idle);
  const auto& old = state->tracking;
  if (old.method == tracking.method && old.label == tracking.label &&
      old.installation_id == tracking.installation_id) {
    return;
  }
  state->tracking = tracking;
  state->tracked.clear();
  for (auto& [kind, watched] : state->kinds) {
    for (auto& [name, held] : watched.objects) {
      if (!held.whole) continue;
      const Value object = held.object.unpack();
      held.application = owner_of(object, tracking);
      if (!held.application.empty()) state->tracked[held.application].insert(key_of(object));
    }
  }
}

void Cluster::store(State& state, Value&& object, std::set<std::string>& touched) {
  const Key key = key_of(object);
  const auto found = state.kinds.find(group_kind(key));
  if (found == state.kinds.end()) return;
  if (state.dead.contains(std::string(object.text({"metadata", "uid"})))) return;
  const auto [place, fresh] = found->second.objects.try_emplace({key.namespace_, key.name});
  Held& held = place->second;
  std::string uid(object.text({"metadata", "uid"}));
  const auto version = version_number(object);
  // Of the same object also the same version: a read may have brought the whole of it.
  if (!fresh && (uid == held.uid ? version < held.version : version <= held.version)) return;
  auto owner = owner_of(object, state.tracking);
  const auto interested = state.interest.find(key);
  const bool keep = !owner.empty() || interested != state.interest.end() ||
                    key.kind == "CustomResourceDefinition" || key.kind == "Namespace";
  if (held.application != owner && !held.application.empty()) {
    touched.insert(held.application);
    state.tracked[held.application].erase(key);
  }
  if (!owner.empty()) {
    touched.insert(owner);
    state.tracked[owner].insert(key);
  }
  if (interested != state.interest.end()) touched.insert(interested->second.begin(), interested->second.end());
  held = {std::move(uid), version, std::move(owner), has_owner(object), keep, {}};
  if (!keep) return;
  drop_status_entries(object);
  held.object = Packed(object);
}

void Cluster::bury(State& state, std::string uid) {
  // Only reads that are under way just now can come late: a few thousand uids cover them all.
  if (state.dead.size() >= dead_max) state.dead.clear();
  state.dead.insert(std::move(uid));
}

// Decided without the lock: it copies objects and runs scripts, and other kinds' events must not wait for it.
bool Cluster::changes_nothing(const std::string& group, const std::string& kind, const Value& object) {
  const Key key = key_of(object);
  IsIdle is_idle;
  Packed held;
  {
    auto state = state_->lock();
    is_idle = state->is_idle;
    const auto found = state->kinds.find({group, kind});
    if (!is_idle || found == state->kinds.end()) return false;
    const auto place = found->second.objects.find({key.namespace_, key.name});
    if (place == found->second.objects.end() || !place->second.whole) return false;
    if (place->second.uid != object.text({"metadata", "uid"})) return false;
    held = place->second.object;
  }
  return is_idle(key, held.unpack(), object);
}

void Cluster::observe(const std::string& group, const std::string& kind, kube::WatchEvent&& event) {
  std::set<std::string> touched;
  const bool idle = event.kind == kube::WatchEvent::Kind::modified && changes_nothing(group, kind, event.object);
  {
    auto state = state_->lock();
    const auto found = state->kinds.find({group, kind});
    if (found == state->kinds.end()) return;
    Watched& watched = found->second;
    if (!event.object.is_null()) ++watched.events;
    switch (event.kind) {
      case kube::WatchEvent::Kind::added:
        tell_counting(*state, event.object, touched);
        store(*state, std::move(event.object), touched);
        break;
      case kube::WatchEvent::Kind::modified:
        store(*state, std::move(event.object), touched);
        if (idle) touched.clear();
        break;
      case kube::WatchEvent::Kind::deleted: {
        const Key key = key_of(event.object);
        const auto held = watched.objects.find({key.namespace_, key.name});
        if (held == watched.objects.end()) break;
        // An older incarnation's end does not remove what was made since.
        if (held->second.uid != event.object.text({"metadata", "uid"})) break;
        const auto& owner = held->second.application;
        if (!owner.empty()) {
          touched.insert(owner);
          state->tracked[owner].erase(key);
        }
        if (const auto who = state->interest.find(key); who != state->interest.end()) {
          touched.insert(who->second.begin(), who->second.end());
        }
        tell_counting(*state, event.object, touched);
        bury(*state, held->second.uid);
        watched.objects.erase(held);
        break;
      }
      case kube::WatchEvent::Kind::synced:
        watched.synced = true;
        watched.trouble_since.reset();
        touched.swap(state->waiting[{group, kind}]);
        break;
      case kube::WatchEvent::Kind::rewound:
        // The list that follows brings all of it; nobody decides anything before it has.
        for (auto& [name, held] : watched.objects) held.version = 0;
        state->dead.clear();
        watched.synced = false;
        break;
      case kube::WatchEvent::Kind::trouble:
        if (!watched.trouble_since) watched.trouble_since = client_.clock().steady();
        break;
    }
  }
  const auto& tell = event.kind == kube::WatchEvent::Kind::synced ? handlers_.awaited : handlers_.changed;
  for (const auto& application : touched) tell(application);
}

void Cluster::start(const kube::KindInfo& kind) {
  const GroupKind id{kind.group, kind.kind};
  auto state = state_->lock();
  const auto [place, fresh] = state->kinds.try_emplace(id);
  if (!fresh && !place->second.ended) return;
  if (!fresh && client_.clock().steady() - place->second.ended_at < rest_after_end) return;
  place->second = Watched{};
  place->second.kind = kind;
  log::debug("watching a kind", {{"group", kind.group}, {"kind", kind.kind}});
  state->threads[id] = std::jthread([this, kind, id](const std::stop_token& stop) {
    const auto handler = [&](kube::WatchEvent&& event) { observe(kind.group, kind.kind, std::move(event)); };
    const auto ended = kube::watch(client_, kind, {}, handler, stop);
    if (stop.stop_requested()) return;
    // What discovery says of the kind is out of date now.
    std::ignore = client_.refresh_catalog(std::chrono::seconds(1));
    const bool withheld = !ended && ended.error().code() == Code::forbidden && !leaves_out(kind);
    std::set<std::string> touched;
    {
      auto locked = state_->lock();
      Watched& watched = locked->kinds[id];
      watched.ended = true;
      watched.withheld = withheld;
      watched.ended_at = client_.clock().steady();
      watched.objects.clear();
      touched.swap(locked->waiting[id]);
    }
    if (!ended) log::info("a watch ended", {{"kind", kind.kind}, {"cause", ended.error().message()}});
    for (const auto& application : touched) handlers_.awaited(application);
  });
}

// A kind that may not be listed: is it as if there were none?
bool Cluster::leaves_out(const kube::KindInfo& kind) {
  const auto respect = state_->lock()->respect;
  if (respect != RespectRbac::strict) return respect == RespectRbac::normal;
  kube::Access access;
  access.verb = "list";
  access.group = kind.group;
  access.resource = kind.resource;
  const auto verdict = kube::may_i(client_, access);
  return verdict && !verdict->allowed;
}

std::set<GroupKind> Cluster::watch_kinds(const std::vector<KindRef>& kinds) {
  std::set<GroupKind> unknown;
  for (const auto& each : kinds) {
    {
      auto state = state_->lock();
      const auto found = state->kinds.find({each.group, each.kind});
      if (found != state->kinds.end() && !found->second.ended) continue;
    }
    const auto info = client_.kind_of(join_api_version(each.group, each.version), each.kind);
    if (info && info->has_verb("watch") && info->has_verb("list")) start(*info);
    if (!info && info.error().code() != Code::kind_unknown) unknown.insert({each.group, each.kind});
  }
  return unknown;
}

Result<View> Cluster::live_of(const std::string& application, const std::vector<KindRef>& kinds,
                              const std::set<Key>& targets) {
  View view;
  view.unseen = watch_kinds(kinds);
  for (const auto& kind : view.unseen) view.stale[kind] = "whether the cluster serves it is not known";
  std::vector<std::pair<Key, std::string>> thin;
  std::vector<std::pair<Key, Packed>> packed;  // unpacked without the lock
  {
    auto state = state_->lock();
    for (const auto& key : state->targets[application]) {
      if (!targets.contains(key)) state->interest[key].erase(application);
      if (state->interest[key].empty()) state->interest.erase(key);
    }
    state->targets[application] = targets;
    for (const auto& key : targets) state->interest[key].insert(application);
    for (const auto& each : kinds) {
      const auto found = state->kinds.find({each.group, each.kind});
      if (found != state->kinds.end() && found->second.withheld) {
        view.stale[{each.group, each.kind}] = "the engine may not list it (resource.respectRBAC leaves such kinds out)";
      }
      if (found == state->kinds.end() || found->second.ended) continue;  // not served
      const auto& since = found->second.trouble_since;
      if (since) view.stale[{each.group, each.kind}] = "its watch is interrupted";
      if (since || !found->second.synced) state->waiting[{each.group, each.kind}].insert(application);
      const bool given_up = since && client_.clock().steady() - *since > trouble_patience;
      if (found->second.synced || given_up) continue;
      view.ready = false;
      view.waits_for = each.kind;
    }
    if (!view.ready) return view;
    std::set<Key> wanted = targets;
    for (const auto& key : state->tracked[application]) wanted.insert(key);
    for (const auto& key : wanted) {
      const auto watched = state->kinds.find(group_kind(key));
      if (watched == state->kinds.end()) continue;
      const auto held = watched->second.objects.find({key.namespace_, key.name});
      if (held == watched->second.objects.end()) continue;
      const bool target = targets.contains(key);
      if (!target && held->second.owned) continue;
      if (!held->second.whole) thin.emplace_back(key, watched->second.kind.version);
      packed.emplace_back(key, held->second.object);
    }
  }
  for (auto& [key, object] : packed) view.objects[key] = std::make_shared<const Value>(object.unpack());
  for (const auto& [key, version] : thin) {
    const ObjectPtr object = TRY(fetch(key, version));
    if (object == nullptr) {
      view.objects.erase(key);
    } else {
      view.objects[key] = object;
      note_written(*object);
    }
  }
  return view;
}

void Cluster::note_written(const Value& object) {
  std::set<std::string> touched;
  auto state = state_->lock();
  store(*state, Value(object), touched);
}

void Cluster::note_removed(const Key& key) {
  auto state = state_->lock();
  const auto watched = state->kinds.find(group_kind(key));
  if (watched == state->kinds.end()) return;
  const auto held = watched->second.objects.find({key.namespace_, key.name});
  if (held == watched->second.objects.end()) return;
  bury(*state, held->second.uid);
  const auto& owner = held->second.application;
  if (!owner.empty()) state->tracked[owner].erase(key);
  watched->second.objects.erase(held);
}

Result<ObjectPtr> Cluster::fetch(const Key& key, const std::string& version) {
  auto object = client_.get({key.group, version, key.kind, key.namespace_, key.name});
  if (object) return std::make_shared<const Value>(*std::move(object));
  if (object.error().code() == Code::object_missing) return ObjectPtr();
  return failure(std::move(object).error());
}

// What a controller makes without saying that it owns it. Mirrors gitops-engine pkg/cache/references.go.
bool Cluster::is_child_by_name(const State& state, const Key& key) {
  const auto is_there = [&](const GroupKind& kind, const std::string& name) {
    const auto found = state.kinds.find(kind);
    return found != state.kinds.end() && found->second.objects.contains({key.namespace_, name});
  };
  if (!key.group.empty()) return false;
  if (key.kind == "Endpoints") return is_there({"", "Service"}, key.name);
  if (key.kind != "PersistentVolumeClaim") return false;
  // CLAIM-SET-0
  const auto dash = key.name.rfind('-');
  if (dash == std::string::npos || key.name.find_first_not_of("0123456789", dash + 1) != std::string::npos) return false;
  for (auto at = key.name.find('-'); at < dash; at = key.name.find('-', at + 1)) {
    if (is_there({"apps", "StatefulSet"}, key.name.substr(at + 1, dash - at - 1))) return true;
  }
  return false;
}

void Cluster::tell_counting(const State& state, const Value& object, std::set<std::string>& touched) {
  const auto found = state.counting.find(std::string(object.text({"metadata", "namespace"})));
  if (found == state.counting.end() || has_owner(object)) return;
  touched.insert(found->second.begin(), found->second.end());
}

std::vector<Orphan> Cluster::others_in(const std::string& namespace_, const std::string& application, const std::vector<KindRef>& kinds) {
  watch_kinds(kinds);
  std::vector<Orphan> found;
  auto state = state_->lock();
  state->counting[namespace_].insert(application);
  for (const auto& each : kinds) {
    const auto known = state->kinds.find({each.group, each.kind});
    if (known == state->kinds.end() || known->second.ended) continue;
    if (!known->second.synced) state->waiting[{each.group, each.kind}].insert(application);
    const auto& objects = known->second.objects;
    for (auto at = objects.lower_bound({namespace_, ""}); at != objects.end() && at->first.first == namespace_; ++at) {
      const Key key{each.group, each.kind, namespace_, at->first.second};
      const Held& held = at->second;
      if (held.owned || held.application == application || is_child_by_name(*state, key)) continue;
      found.push_back({key, held.application});
    }
  }
  return found;
}

void Cluster::forget(const std::string& application) {
  auto state = state_->lock();
  for (const auto& key : state->targets[application]) {
    state->interest[key].erase(application);
    if (state->interest[key].empty()) state->interest.erase(key);
  }
  state->targets.erase(application);
  for (auto& [namespace_, applications] : state->counting) applications.erase(application);
  std::erase_if(state->counting, [](const auto& entry) { return entry.second.empty(); });
}

std::size_t Cluster::watched_kinds() { return state_->lock()->kinds.size(); }

std::map<GroupKind, std::uint64_t> Cluster::events_seen() {
  std::map<GroupKind, std::uint64_t> seen;
  auto state = state_->lock();
  for (const auto& [kind, watched] : state->kinds) seen[kind] = watched.events;
  return seen;
}

std::size_t Cluster::known_objects() {
  std::size_t count = 0;
  auto state = state_->lock();
  for (const auto& [id, watched] : state->kinds) count += watched.objects.size();
  return count;
}

}  // namespace holdfast::sync
