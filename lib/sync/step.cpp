// SPDX-License-Identifier: Apache-2.0
#include "sync/step.h"

#include <algorithm>
#include <set>

#include "sync/kinds.h"
#include "sync/names.h"
#include "sync/wording.h"

namespace holdfast::sync {
namespace {

using health::Status;

void set(Task& task, std::string status, std::optional<OperationPhase> state, std::string message) {
  task.status = std::move(status);
  task.state = state;
  task.message = std::move(message);
}

std::string name_of(const Task& task) {
  return fmt::format("{}/{}/{}", task.key.group, task.key.kind, task.key.name);
}

OperationPhase hook_phase(const std::optional<health::Health>& health) {
  if (!health) return OperationPhase::succeeded;
  switch (health->status) {
    case Status::healthy: return OperationPhase::succeeded;
    case Status::degraded:
    case Status::unknown: return OperationPhase::failed;
    case Status::progressing:
    case Status::suspended:
    case Status::missing: return OperationPhase::running;
  }
  std::unreachable();
}

// How long a controller has to say what it makes of a change; upstream's workers sleep as long between waves.
constexpr auto controller_patience = std::chrono::seconds(2);

bool is_recent(std::string_view time, WallTime now) {
  const auto when = parse_rfc3339(time);
  // Times are whole seconds, and of the API server's clock: one from the future is another clock's.
  return when && now - *when < controller_patience && now >= *when - std::chrono::seconds(1);
}

// Was the object changed by our apply so recently that its status may still be of what it was before? A kind of
// Kubernetes' own tells by its observedGeneration, which its rule of health heeds.
bool may_be_stale(const Task& task, WallTime now) {
  const Value& live = *task.live;
  const bool own_kind = task.key.group.find('.') == std::string::npos || task.key.group.ends_with(".k8s.io");
  const Value* status = live.find("status");
  if (own_kind || status == nullptr || status->as_object() == nullptr || status->as_object()->empty()) return false;
  const Value *observed = status->find("observedGeneration"), *generation = live.find_path({"metadata", "generation"});
  if (observed != nullptr && generation != nullptr && *observed == *generation) return false;
  if (is_recent(live.text({"metadata", "creationTimestamp"}), now)) return false;
  const Value* entries = live.find_path({"metadata", "managedFields"});
  if (entries == nullptr || entries->as_array() == nullptr) return false;
  return std::ranges::any_of(*entries->as_array(), [&](const Value& entry) {
    return entry.text({"manager"}) == names::field_manager && entry.text({"operation"}) == "Apply" && is_recent(entry.text({"time"}), now);
  });
}

void update_running(Task& task, const Assess& assess) {
  const auto health = assess(*task.live);
  const std::string message = health && !health->message.empty() ? health->message : task.message;
  if (task.is_hook) {
    set(task, task.status, hook_phase(health), message);
  } else if (!health || health->status == Status::healthy) {
    set(task, task.status, OperationPhase::succeeded, message);
  } else if (health->status == Status::degraded) {
    set(task, task.status, OperationPhase::failed, message);
  }
}

bool has_hook_finalizer(const Value& object) {
  const auto finalizers = strings_of(object.find_path({"metadata", "finalizers"}));
  return std::ranges::find(finalizers, names::hook_finalizer) != finalizers.end();
}

Step waiting(const Plan& plan, const std::vector<std::size_t>& tasks, std::string_view what) {
  Step step;
  const auto is_hook = [&](std::size_t index) { return plan.tasks[index].is_hook; };
  const auto hook = std::ranges::find_if(tasks, is_hook);
  const bool any_hook = hook != tasks.end();
  const std::string_view wait_for = !what.empty() ? what : any_hook ? "completion of hook" : "healthy state of";
  step.message = fmt::format("waiting for {} {}", wait_for, name_of(plan.tasks[any_hook ? *hook : tasks.front()]));
  const bool all_hooks = std::ranges::all_of(tasks, is_hook);
  if (tasks.size() > 1) step.message += fmt::format(" and {} more {}", tasks.size() - 1, all_hooks ? "hooks" : "resources");
  return step;
}

Step ended(OperationPhase phase, std::string message) {
  Step step;
  step.phase = phase;
  step.message = std::move(message);
  return step;
}

std::string with_reasons(std::string_view message, const Plan& plan, Phase skip) {
  std::string reasons;
  for (const auto& task : plan.tasks) {
    if (task.status != "SyncFailed" || task.phase == skip) continue;
    reasons += (reasons.empty() ? "" : ",") + task.message;
  }
  return reasons.empty() ? std::string(message) : fmt::format("{}, reason: {}", message, reasons);
}

void add_changes(Step& step, Change::Verb verb, const std::vector<std::size_t>& tasks, int group) {
  for (const auto task : tasks) step.changes.push_back({verb, task, group});
}

template <class Wanted>
std::vector<std::size_t> pick(const Plan& plan, Wanted&& wanted) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
    if (wanted(plan.tasks[i])) found.push_back(i);
  }
  return found;
}

std::vector<std::size_t> completed_hooks(const Plan& plan, bool DeletePolicy::*policy) {
  return pick(plan, [&](const Task& task) {
    return task.is_hook && task.live != nullptr && task.done() && task.policy.*policy;
  });
}

// Creations and applies of one wave: runs of one kind form a group.
void add_applies(Step& step, const Plan& plan, const std::vector<std::size_t>& tasks, int group) {
  std::string_view kind;
  for (const auto task : tasks) {
    if (!kind.empty() && plan.tasks[task].key.kind != kind) ++group;
    kind = plan.tasks[task].key.kind;
    step.changes.push_back({Change::Verb::apply, task, group});
  }
}

// The client-side check of everything before anything is written.
Step check_first(Plan& plan) {
  bool refused = false;
  for (auto& task : plan.tasks) {
    if (task.target == nullptr || !task.key.name.empty()) continue;
    const auto prefix = task.target->text({"metadata", "generateName"});
    set(task, "SyncFailed", OperationPhase::failed,
        prefix.empty() ? "resource name may not be empty"
                       : fmt::format("from {}: cannot use generate name with apply", prefix));
    refused = true;
  }
  return refused ? ended(OperationPhase::failed, "one or more objects failed to apply (dry run)") : Step{};
}

Step failed(const Plan& plan, std::string_view message) {
  const auto cleanup = pick(plan, [](const Task& task) {
    return task.phase == Phase::syncfail && !task.done();
  });
  Step step;
  add_changes(step, Change::Verb::delete_hook, completed_hooks(plan, &DeletePolicy::failed), 0);
  if (cleanup.empty()) {
    step.phase = OperationPhase::failed;
    step.message = with_reasons(message, plan, Phase::syncfail);
    return step;
  }
  step.message = "one or more tasks are running";
  step.acts = true;
  add_applies(step, plan, cleanup, 1);
  return step;
}

Step run_wave(const Plan& plan, const SyncRequest& request, const std::vector<std::size_t>& pending) {
  const Task& first = plan.tasks[pending.front()];
  std::vector<std::size_t> prunes, children, blocked, leftovers, applies;
  Step step;
  step.acts = true;
  step.message = "one or more tasks are running";
  step.ends_when_done = true;
  for (const auto index : pending) {
    const Task& task = plan.tasks[index];
    const bool now = task.phase == first.phase && task.wave == first.wave;
    if (!now || task.is_hook) step.ends_when_done = false;
    if (!now) continue;
    if (task.prune()) {
      const bool asks = prune_of(request.operation.options, *task.live) == Prune::confirm;
      const bool held = request.operation.prune && asks && !request.prunes_approved;
      (held ? blocked : is_application(task.key) ? children : prunes).push_back(index);
    } else if (task.is_hook && task.live != nullptr && task.policy.before_creation) {
      leftovers.push_back(index);
    } else {
      applies.push_back(index);
    }
  }
  if (!blocked.empty() && !request.operation.dry_run) return waiting(plan, blocked, wording::pruning_confirmation);
  add_changes(step, Change::Verb::prune, prunes, 0);
  if (!leftovers.empty() && !request.operation.dry_run) {
    // The next call, when they are gone, goes on with this wave.
    add_changes(step, Change::Verb::delete_hook, leftovers, 1);
    step.ends_when_done = false;
    return step;
  }
  std::vector<std::size_t> all = leftovers;
  all.insert(all.end(), applies.begin(), applies.end());
  std::ranges::sort(all);
  add_applies(step, plan, all, 2);
  // After those that take their place: what these have as well is then not removed on the way.
  add_changes(step, Change::Verb::prune, children, step.changes.empty() ? 0 : step.changes.back().group + 1);
  return step;
}

Step terminate(Plan& plan, const Assess& assess) {
  Step step = ended(OperationPhase::failed, "Operation terminated");
  for (std::size_t i = 0; i < plan.tasks.size(); ++i) {
    Task& task = plan.tasks[i];
    if (!task.is_hook || task.live == nullptr || task.pending()) continue;
    if (has_hook_finalizer(*task.live)) step.changes.push_back({Change::Verb::release_hook, i, 0});
    const auto health = assess(*task.live);
    if (hook_phase(health) == OperationPhase::running) {
      step.changes.push_back({Change::Verb::delete_hook, i, 1});
      set(task, task.status, OperationPhase::failed, "Terminated");
    } else {
      set(task, task.status, hook_phase(health), health ? health->message : task.message);
    }
  }
  return step;
}

using Waves = std::set<std::pair<Phase, int>>;

// A wave of which a task is held back is not judged before it is whole.
Waves open_waves(const Plan& plan) {
  Waves open;
  for (const auto& task : plan.tasks) {
    if (task.held()) open.emplace(task.phase, task.wave);
  }
  return open;
}

bool is_open(const Waves& open, const Task& task) { return open.contains({task.phase, task.wave}); }

// Tasks that must be over before the next wave begins; a vanished object ends its task.
std::vector<std::size_t> still_running(Plan& plan, const Waves& open) {
  for (auto& task : plan.tasks) {
    if (!task.running() || task.live != nullptr || !(plan.multi_step || task.is_hook)) continue;
    set(task, "SyncFailed", OperationPhase::error,
        fmt::format("Resource {} is missing, it might have been deleted", name_of(task)));
  }
  return pick(plan, [&](const Task& task) {
    return (plan.multi_step || task.is_hook) && task.running() && !is_open(open, task);
  });
}

bool is_terminating(const Task& task) {
  return task.live != nullptr && !task.live->text({"metadata", "deletionTimestamp"}).empty();
}

Step advance(Plan& plan, const SyncRequest& request) {
  const auto hooks = pick(plan, [](const Task& task) {
    return task.is_hook && task.done() && task.live != nullptr && has_hook_finalizer(*task.live);
  });
  const bool unsuccessful = std::ranges::any_of(plan.tasks, [](const Task& task) {
    return task.phase != Phase::syncfail && task.done() && !task.good();
  });
  Step step;
  if (unsuccessful) {
    step = failed(plan, "one or more synchronization tasks completed unsuccessfully");
  } else {
    const bool only_changed = request.operation.options.has("ApplyOutOfSyncOnly=true");
    const auto pending = pick(plan, [&](const Task& task) {
      if (!task.pending() || task.phase == Phase::syncfail) return false;
      return !only_changed || task.is_hook || task.live == nullptr || task.target == nullptr || task.modified;
    });
    if (pending.empty()) {
      step = ended(OperationPhase::succeeded, "successfully synced (no more tasks)");
      add_changes(step, Change::Verb::delete_hook, completed_hooks(plan, &DeletePolicy::succeeded), 0);
    } else {
      step = run_wave(plan, request, pending);
      for (const auto task : completed_hooks(plan, &DeletePolicy::succeeded)) {
        step.when_succeeded.push_back({Change::Verb::delete_hook, task, 0});
      }
    }
  }
  std::vector<Change> released;
  for (const auto task : hooks) released.push_back({Change::Verb::release_hook, task, -1});
  step.changes.insert(step.changes.begin(), released.begin(), released.end());
  return step;
}

}  // namespace

Step next_step(Plan& plan, const SyncRequest& request, OperationPhase phase, const Assess& assess) {
  if (phase == OperationPhase::terminating) return terminate(plan, assess);
  if (!plan.refusal.empty()) {
    return ended(OperationPhase::failed,
                 fmt::format("one or more synchronization tasks are not valid: {}", plan.refusal));
  }
  if (request.results.empty()) {
    Step refused = check_first(plan);
    if (completed(refused.phase)) return refused;
  }
  const Waves open = open_waves(plan);
  bool looks_again = false;
  for (auto& task : plan.tasks) {
    if (!task.running() || task.live == nullptr || task.prune() || is_open(open, task)) continue;
    const bool early = plan.multi_step && !task.is_hook && may_be_stale(task, request.now) && assess(*task.live);
    looks_again = looks_again || early;
    if (!early) update_running(task, assess);
  }
  if (const auto running = still_running(plan, open); !running.empty()) {
    Step step = waiting(plan, running, "");
    step.comes_back = looks_again;
    return step;
  }
  const auto going = pick(plan, [](const Task& task) { return task.status == "Pruned" && is_terminating(task); });
  if (!going.empty()) return waiting(plan, going, "deletion of");
  return advance(plan, request);
}

void conclude(Plan& plan, const SyncRequest& request, Step& step, const std::vector<Outcome>& outcomes) {
  bool failed_now = false;
  const bool dry = request.operation.dry_run;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const Change& change = step.changes[i];
    Task& task = plan.tasks[change.task];
    if (change.verb == Change::Verb::release_hook) continue;
    if (change.verb == Change::Verb::delete_hook) {
      if (!outcomes[i].ok && task.pending()) {
        set(task, "SyncFailed", OperationPhase::error, outcomes[i].message);
        failed_now = true;
      }
      continue;
    }
    const auto& outcome = outcomes[i];
    if (outcome.ok && outcome.status.empty()) {  // not done and not refused: the task stays pending
      task.message = outcome.message;
      step.comes_back = true;
      continue;
    }
    OperationPhase state = OperationPhase::succeeded;
    if (outcome.status == "SyncFailed") state = OperationPhase::failed;
    if (outcome.status == "Synced" && !dry) state = OperationPhase::running;
    failed_now = failed_now || outcome.status == "SyncFailed";
    set(task, outcome.status, state, outcome.message);
  }
  if (!step.acts) return;
  const bool cleanup_follows = std::ranges::any_of(plan.tasks, [](const Task& task) {
    return task.phase == Phase::syncfail && !task.done();
  });
  const bool others_run = std::ranges::any_of(outcomes, [](const Outcome& outcome) { return outcome.status == "Synced"; });
  // What was applied beside a refusal is waited for first; the next call ends the operation.
  if (failed_now && !cleanup_follows && (dry || !others_run)) {
    step.phase = OperationPhase::failed;
    step.message = with_reasons("one or more objects failed to apply", plan, Phase::syncfail);
  } else if (!failed_now && step.ends_when_done && !step.comes_back) {
    step.phase = OperationPhase::succeeded;
    // Upstream's dry run of everything leaves nothing to do for the run after it.
    step.message = dry ? "successfully synced (no more tasks)" : "successfully synced (all tasks run)";
  }
}

std::vector<TaskResult> results_of(const Plan& plan, const std::vector<TaskResult>& before) {
  std::vector<TaskResult> results = before;
  ResultIndex index = index_of(results);
  for (const auto& task : plan.tasks) {
    if (task.status.empty() && !task.state && !task.held()) continue;
    const auto [place, fresh] = index.try_emplace({task.phase, task.result_key}, results.size());
    TaskResult result{task.result_key, task.version, task.phase, task.status, task.state, task.is_hook,
                      task.is_hook ? std::string(to_string(task.phase)) : std::string(), task.message,
                      images_of(task.object())};
    if (fresh) {
      results.push_back(std::move(result));
    } else {
      results[place->second] = std::move(result);
    }
  }
  return results;
}

}  // namespace holdfast::sync
