// SPDX-License-Identifier: Apache-2.0
#include "agent/deletion.h"

#include <algorithm>

#include "agent/announce.h"
#include "agent/evaluate.h"
#include "agent/pin.h"
#include "agent/status.h"
#include "base/log.h"
#include "sync/execute.h"
#include "sync/kinds.h"
#include "sync/names.h"
#include "sync/report.h"
#include "sync/wording.h"

namespace holdfast::agent {
namespace {

using sync::ObjectPtr;
namespace names = sync::names;

// How long after it was asked for a deletion waits for Applications that nobody has looked at.
constexpr auto claims_patience = std::chrono::seconds(60);
constexpr auto look_again = std::chrono::milliseconds(200);

enum class Moment { before, after };

struct Removal {
  Context& context;
  sync::Application& application;
  Memory& memory;
  std::shared_ptr<const Configuration> configuration;
  std::shared_ptr<const sync::Project> project;
};

sync::ExecuteOptions execute_options(const Removal& removal) {
  return {removal.application.instance, removal.configuration->settings.tracking, removal.context.claims};
}

Result<> drop_finalizers(Removal& removal, const std::vector<std::string_view>& dropped) {
  StatusChange change;
  change.status = removal.application.status();
  auto kept = removal.application.finalizers;
  std::erase_if(kept, [&](const std::string& each) { return std::ranges::find(dropped, each) != dropped.end(); });
  change.finalizers = std::move(kept);
  auto written = write_status(removal.context, removal.application, change);
  // The last finalizer takes the object along.
  if (!written && written.error().code() == Code::object_missing) return {};
  return written;
}

Result<> tell(Removal& removal, std::vector<sync::Condition> conditions) {
  StatusChange change;
  change.status = sync::report_conditions(removal.application.status(), conditions, {"DeletionError"},
                                          removal.context.clock.wall());
  return write_status(removal.context, removal.application, change);
}

const std::vector<std::string_view>& all_finalizers() {
  static const std::vector<std::string_view> all{names::cascade_finalizer,  names::cascade_foreground,
                                                 names::cascade_background, names::predelete_finalizer,
                                                 names::predelete_cleanup,  names::postdelete_finalizer,
                                                 names::postdelete_cleanup};
  return all;
}

Result<std::shared_ptr<const sync::Targets>> targets_of(Removal& removal) {
  const auto refusals = sync::admit_sources(removal.application.sources, *removal.project);
  if (!refusals.empty()) return failure(Code::project_denied, "{}", refusals.front().message);
  const Wanted wanted = wanted_by_spec(removal.application);
  const PinInput input{removal.application, *removal.configuration, wanted, Freshness::remembered, removal.memory.rendered};
  removal.memory.rendered = TRY(pin(removal.context, input));
  return removal.memory.rendered->targets;
}

std::vector<const sync::Target*> hooks_of(const sync::Targets& targets, Moment moment) {
  std::vector<const sync::Target*> hooks;
  for (const auto& each : targets.hooks) {
    if (moment == Moment::before ? each.hook.pre_delete : each.hook.post_delete) hooks.push_back(&each);
  }
  std::ranges::stable_sort(hooks, {}, &sync::Target::wave);
  return hooks;
}

// All of them, before the first is created: what is made while an Application ends is of its project, too.
Result<> must_be_permitted(Removal& removal, const std::vector<const sync::Target*>& hooks) {
  for (const auto* hook : hooks) {
    const auto served = find_served(removal.context, removal.application, hook->key, hook->version);
    const auto refusal = removal.project->refusal(hook->key, served.namespaced ? sync::Scope::namespaced : sync::Scope::cluster);
    if (!refusal.empty()) return failure(Code::project_denied, "{}", refusal);
  }
  return {};
}

// Creates what is missing and looks at what is there. True when all hooks have succeeded.
Result<bool> run_hooks(Removal& removal, Moment moment) {
  const auto targets = TRY(targets_of(removal));
  auto evaluation = TRY(evaluate(removal.context, {removal.application, *removal.project, *removal.configuration, targets.get()}));
  if (!evaluation.ready) return false;
  const auto hooks = hooks_of(*targets, moment);
  TRY(must_be_permitted(removal, hooks));
  bool all_done = true;
  for (const auto* hook : hooks) {
    const auto found = evaluation.live.find(hook->key);
    ObjectPtr live = found == evaluation.live.end() ? nullptr : found->second;
    if (live == nullptr) live = TRY(sync::create_hook(removal.context.client, removal.context.cluster, *hook->object));
    const auto health = removal.configuration->assessor.assess(*live);
    if (!health || health->status == health::Status::healthy) continue;
    all_done = false;
    if (health->status != health::Status::degraded) return false;  // the next wave waits as well
    const auto options = execute_options(removal);
    TRY(sync::remove_owned(removal.context.client, removal.context.cluster, *live, options, kube::Propagation::background));
    TRY(tell(removal, {{"DeletionError", fmt::format("{} hook {}/{} failed: {}", moment == Moment::before ? "PreDelete" : "PostDelete",
                                                     hook->key.kind, hook->key.name, health->message)}}));
    return false;
  }
  return all_done;
}

Result<> clean_hooks(Removal& removal, Moment moment) {
  const auto targets = TRY(targets_of(removal));
  auto evaluation = TRY(evaluate(removal.context, {removal.application, *removal.project, *removal.configuration, targets.get()}));
  if (!evaluation.ready) return {};
  const auto options = execute_options(removal);
  for (const auto* hook : hooks_of(*targets, moment)) {
    const auto found = evaluation.live.find(hook->key);
    if (found == evaluation.live.end() || !sync::delete_policy_of(*hook->object).succeeded) continue;
    TRY(sync::remove_owned(removal.context.client, removal.context.cluster, *found->second, options,
                           kube::Propagation::background));
  }
  return drop_finalizers(removal, {moment == Moment::before ? names::predelete_cleanup : names::postdelete_cleanup});
}

bool is_kept(const Removal& removal, const sync::Key& key, const Value& live) {
  if (sync::is_definition(key)) return true;
  const bool self = sync::is_application(key) && key.name == removal.application.name && key.namespace_ == removal.application.namespace_;
  if (self || sync::annotation(live, names::helm_keep) == "keep") return true;
  return sync::delete_of(removal.application.options, live) == sync::Delete::no;
}

// By another Application: it is left to that one, as it is.
bool is_wanted(const Removal& removal, const sync::Key& key, const Value& live) {
  const auto objection = removal.context.claims.objection(removal.application.instance, nullptr, live);
  if (!objection) return false;
  log::info("an object outlives its application", {{"application", removal.application.instance}, {"object", sync::to_string(key)}, {"cause", objection->text}});
  return true;
}

// What took an Application's place under another name may not have been looked at yet.
bool waits_for_others(const Removal& removal) {
  if (removal.context.clock.wall() - *removal.application.deleted > claims_patience) return false;
  const auto unknown = removal.context.claims.unknown_of(removal.context.store.applications());
  if (unknown) removal.context.queue.add_after(removal.application.instance, look_again);
  return unknown.has_value();
}

bool terminating(const Value& live) { return !live.text({"metadata", "deletionTimestamp"}).empty(); }

// The objects of the highest wave that is left; true when nothing is left at all.
Result<bool> cascade(Removal& removal) {
  auto evaluation = TRY(evaluate(removal.context, {removal.application, *removal.project, *removal.configuration, nullptr}));
  if (!evaluation.ready || waits_for_others(removal)) return false;
  std::vector<ObjectPtr> left;
  const sync::Key* unconfirmed = nullptr;
  for (const auto& [key, live] : evaluation.live) {
    const auto& tracking = removal.configuration->settings.tracking;
    if (sync::owner_of(*live, tracking) != removal.application.instance) continue;
    if (!sync::names_itself(*live, nullptr, tracking) || is_kept(removal, key, *live) || is_wanted(removal, key, *live)) continue;
    if (terminating(*live)) return false;
    left.push_back(live);
    const bool asks = sync::delete_of(removal.application.options, *live) == sync::Delete::confirm;
    if (asks && !removal.application.approved(*removal.application.deleted)) unconfirmed = &key;
  }
  if (left.empty() && evaluation.stale.empty()) return true;
  if (left.empty()) {
    TRY(tell(removal, {{"DeletionError", fmt::format("whether objects of kind {} are left is not known: {}",
                                                     evaluation.stale.begin()->first.second, evaluation.stale.begin()->second)}}));
    return false;
  }
  if (unconfirmed != nullptr) {
    // Upstream tells its log alone; `app explain` reads it off the rows that require a confirmation.
    log::info("an object waits for a person's confirmation to be deleted",
              {{"application", removal.application.instance}, {"object", sync::to_string(*unconfirmed)}});
    return false;
  }
  int highest = sync::wave_of(*left.front());
  for (const auto& live : left) highest = std::max(highest, sync::wave_of(*live));
  const bool background = removal.application.has_finalizer(names::cascade_background);
  const auto options = execute_options(removal);
  for (const auto& live : left) {
    if (sync::wave_of(*live) != highest) continue;
    TRY(sync::remove_owned(removal.context.client, removal.context.cluster, *live, options,
                           background ? kube::Propagation::background : kube::Propagation::foreground));
  }
  removal.context.queue.add_after(removal.application.instance, std::chrono::milliseconds(100));
  return false;
}

Result<> step(Removal& removal) {
  const auto& application = removal.application;
  if (application.has_finalizer(names::predelete_finalizer)) {
    const bool done = TRY(run_hooks(removal, Moment::before));
    return done ? drop_finalizers(removal, {names::predelete_finalizer}) : Result<>();
  }
  if (application.has_finalizer(names::predelete_cleanup)) return clean_hooks(removal, Moment::before);
  const bool cascades = application.has_finalizer(names::cascade_finalizer) ||
                        application.has_finalizer(names::cascade_foreground) ||
                        application.has_finalizer(names::cascade_background);
  if (cascades) {
    const bool empty = TRY(cascade(removal));
    if (!empty) return {};
    return drop_finalizers(removal, {names::cascade_finalizer, names::cascade_foreground, names::cascade_background});
  }
  if (application.has_finalizer(names::postdelete_finalizer)) {
    const bool done = TRY(run_hooks(removal, Moment::after));
    return done ? drop_finalizers(removal, {names::postdelete_finalizer}) : Result<>();
  }
  if (application.has_finalizer(names::postdelete_cleanup)) return clean_hooks(removal, Moment::after);
  return {};
}

Result<bool> is_going(Removal& removal, const kube::Identity& identity) {
  const auto object = removal.context.client.get(identity, kube::Content::metadata);
  if (object) return !object->text({"metadata", "deletionTimestamp"}).empty();
  const Code code = object.error().code();
  if (code == Code::object_missing || code == Code::forbidden) return false;
  return failure(Error(object.error()));
}

// Does it end because the kind Application does, or the engine's own namespace? Nobody who takes the engine away, or makes
// it anew, asks for the end of everything that it has ever made.
Result<bool> goes_with_all(Removal& removal) {
  const auto& application = removal.application;
  const bool kind = TRY(is_going(removal, {"apiextensions.k8s.io", "v1", "CustomResourceDefinition", "", "applications.argoproj.io"}));
  if (kind) return true;
  if (application.namespace_ != application.control_namespace) return false;
  return is_going(removal, {"", "v1", "Namespace", "", application.namespace_});
}

bool holds_any(const sync::Application& application) {
  return std::ranges::any_of(all_finalizers(), [&](std::string_view each) { return application.has_finalizer(each); });
}

}  // namespace

std::optional<std::vector<std::string>> hook_finalizers(const sync::Application& application,
                                                        const sync::Targets& targets) {
  auto wanted = application.finalizers;
  const auto require = [&](bool present, std::string_view finalizer) {
    const bool held = std::ranges::find(wanted, finalizer) != wanted.end();
    if (present && !held) wanted.emplace_back(finalizer);
    if (!present && held) std::erase(wanted, finalizer);
  };
  const bool before = !hooks_of(targets, Moment::before).empty();
  const bool after = !hooks_of(targets, Moment::after).empty();
  require(before, names::predelete_finalizer);
  require(before, names::predelete_cleanup);
  require(after, names::postdelete_finalizer);
  require(after, names::postdelete_cleanup);
  if (wanted == application.finalizers) return std::nullopt;
  return wanted;
}

Result<bool> finalize(Context& context, sync::Application& application, Memory& memory) {
  context.claims.put(application.instance, {}, {});
  if (!holds_any(application)) return false;
  const auto before = application.finalizers;
  Removal removal{context, application, memory, context.store.configuration(),
                  context.store.project(application.project)};
  const bool with_all = TRY(goes_with_all(removal));
  if (with_all) {
    log::warn("an application goes with all of them: what it made stays", {{"application", application.instance}});
    TRY(drop_finalizers(removal, all_finalizers()));
    return false;
  }
  if (removal.project == nullptr) {
    TRY(tell(removal, {{"DeletionError", fmt::format(sync::wording::get_project, application.project)}}));
    return false;
  }
  if (!removal.project->permits_application(application)) {
    TRY(tell(removal, {{"DeletionError", fmt::format(sync::wording::use_project, application.name, application.namespace_, application.project)}}));
    return false;
  }
  if (!removal.configuration->settings.clusters.refusal(application.destination).empty()) {
    TRY(drop_finalizers(removal, all_finalizers()));
    return false;
  }
  auto done = step(removal);
  if (done) return before != application.finalizers;
  const Code code = done.error().code();
  if (code == Code::answer_awaited) return false;
  if (code == Code::resource_version || code == Code::object_missing) return failure(std::move(done).error());
  TRY(tell(removal, {{"DeletionError", done.error().message()}}));
  return false;
}

}  // namespace holdfast::agent
