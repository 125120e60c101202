// SPDX-License-Identifier: Apache-2.0
#include "agent/operate.h"

#include <algorithm>
#include <ctime>

#include "agent/announce.h"
#include "agent/pin.h"
#include "agent/status.h"
#include "base/log.h"
#include "sync/execute.h"
#include "sync/names.h"
#include "sync/report.h"
#include "sync/step.h"
#include "sync/wording.h"

namespace holdfast::agent {
namespace {

using sync::Operation;
using sync::OperationPhase;
using sync::OperationState;

// How soon an operation looks again for what is about to be there (a kind, the end of a deletion).
constexpr auto come_back = std::chrono::milliseconds(300);

// How soon one that a window blocks looks whether it is over, as upstream.
constexpr auto window_pause = std::chrono::seconds(30);

constexpr auto clock_skew = std::chrono::seconds(1);  // whole seconds are written

// How long after its start an operation that prunes waits for Applications that nobody has looked at.
constexpr auto claims_patience = std::chrono::seconds(60);

// Everything one call works on.
struct Work {
  Context& context;
  sync::Application& application;
  Memory& memory;
  Operation operation;
  OperationState state;
  std::shared_ptr<const Configuration> configuration;
  std::shared_ptr<const sync::Project> project;
  bool again = false;
  bool comes_back = false;  // something is not there yet
  bool waits = false;  // for the cluster's view or a window: nothing was decided
  bool blocked = false;  // by a window
};

void fail(Work& work, OperationPhase phase, std::string message) {
  work.state.phase = phase;
  work.state.message = std::move(message);
}

enum class Telling { now, with_comparison };

Result<> save(Work& work, bool ended, Telling telling) {
  StatusChange change;
  change.status = work.application.status();
  if (!change.status.is_object()) change.status = Object{};
  change.status["operationState"] = encode_state(work.state);
  change.drop_operation = ended;
  const bool kept = ended && work.state.phase == OperationPhase::succeeded && !work.operation.dry_run &&
                    work.operation.selectors.empty();
  if (kept) {
    change.status = sync::report_history(std::move(change.status), work.application, work.state, work.operation,
                                         work.context.clock.wall());
  }
  if (telling == Telling::with_comparison) {
    hold_status(work.application, change);
    return {};
  }
  return write_status(work.context, work.application, change);
}

// What the operation was asked to sync, as its result repeats it.
void note_sources(Work& work) {
  const Value* sync = work.state.operation.find("sync");
  const Value& spec = work.application.spec();
  const bool own = !work.operation.sources.empty();
  work.state.multi_source = own ? work.operation.multi_source : work.application.multi_source;
  const std::string_view name = work.state.multi_source ? "sources" : "source";
  const Value* found = own && sync != nullptr ? sync->find(name) : spec.find(name);
  if (found != nullptr) work.state.sources = *found;
}

// "3:04PM", as Go's time.Kitchen.
std::string kitchen(WallTime time) {
  const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[16];
  std::strftime(text, sizeof text, "%I:%M%p", &parts);
  return text[0] == '0' ? text + 1 : text;
}

const sync::RetryPolicy& retry_of(const Operation& operation) {
  static const sync::RetryPolicy none;
  return operation.retry ? *operation.retry : none;
}

void retry_or_end(Work& work, bool terminating) {
  const auto& retry = retry_of(work.operation);
  const auto now = work.context.clock.wall();
  const bool more = retry.limit < 0 || work.state.retries < retry.limit;
  if (!terminating && more && !work.application.deleted) {
    const auto due = now + retry.delay(work.state.retries);
    work.state.phase = OperationPhase::running;
    work.state.finished = now;
    ++work.state.retries;
    work.state.message += fmt::format(". Retrying attempt #{} at {}.", work.state.retries, kitchen(due));
  } else if (work.state.retries > 0) {
    work.state.message += fmt::format(" (retried {} times).", work.state.retries);
  }
}

// Phase Running with an end means: waiting for the next attempt. The rest of the wait, if so.
std::optional<Duration> retry_wait(const Work& work) {
  if (!work.state.finished || work.state.phase != OperationPhase::running) return std::nullopt;
  const auto now = work.context.clock.wall();
  // An end that is still to come is another clock's: nobody waits for that one.
  if (*work.state.finished > now + clock_skew) return Duration{0};
  const auto due = *work.state.finished + retry_of(work.operation).delay(work.state.retries - 1);
  return std::max<Duration>(due - now, Duration{0});
}

void start_retry(Work& work) {
  const auto& retry = retry_of(work.operation);
  work.state.message = fmt::format("Retrying operation{}. Attempt #{}", retry.refresh ? " with latest revisions" : "",
                                   work.state.retries);
  work.state.finished.reset();
  work.state.has_result = false;
  work.state.results.clear();
  if (retry.refresh) {
    work.state.revisions.clear();
    work.operation.revisions.clear();
    if (Value* sync = work.state.operation.find("sync"); sync != nullptr && sync->as_object() != nullptr) {
      sync->as_object()->erase("revision");
      sync->as_object()->erase("revisions");
    }
  }
}

// The rest of the time that operations have, where they have one.
std::optional<Duration> time_left(const Work& work) {
  const Duration limit = work.configuration->settings.sync_timeout;
  if (limit == Duration{0} || work.state.phase != OperationPhase::running) return std::nullopt;
  return std::max<Duration>(work.state.started + limit - work.context.clock.wall(), Duration{0});
}

// What ends a running operation from outside it.
void interrupt(Work& work) {
  if (time_left(work) == Duration{0}) {
    fail(work, OperationPhase::terminating, "operation is terminating due to timeout");
  } else if (work.application.deleted && retry_wait(work)) {
    // Upstream's deletion waits for the retries, for ever where they have no limit (argo-cd #19571).
    fail(work, OperationPhase::failed, "Operation terminated: the application is being deleted");
  }
}

// Why a window keeps the operation from going on; "" when none does.
std::string blocked_by_window(const Work& work) {
  const auto subject = sync::window_subject(work.application);
  const auto kind = work.operation.automated ? sync::SyncKind::automated : sync::SyncKind::manual;
  const auto& windows = work.project->windows;
  if (sync::may_sync(windows, subject, kind, work.context.clock.wall(), work.state.started)) return {};
  const auto problem = sync::window_problem(sync::windows_for(windows, subject));
  return problem.empty() ? "Sync operation blocked by sync window" : fmt::format("Sync operation blocked by sync window: {}", problem);
}

std::string condition_text(const std::vector<sync::Condition>& conditions) {
  std::string text;
  for (const auto& each : conditions) {
    if (!each.type.ends_with("Error")) continue;
    text += (text.empty() ? "" : "; ") + fmt::format("{}: {}", each.type, each.message);
  }
  return text;
}

Result<Rendered> pin_operation(Work& work) {
  const Wanted wanted = wanted_by_operation(work.application, work.operation, work.state);
  const auto& before = work.memory.operation ? work.memory.operation : work.memory.rendered;
  const PinInput input{work.application, *work.configuration, wanted, Freshness::now, before};
  return work.operation.brings_manifests ? pin_manifests(work.context, input, work.operation)
                                         : pin(work.context, input);
}

// Upstream's default, what the Application names, or nobody.
std::string migrated_manager(const Work& work) {
  if (work.operation.options.has("ClientSideApplyMigration=false")) return {};
  const auto named = work.application.annotation(sync::names::migration_manager);
  return std::string(named.empty() ? "kubectl-client-side-apply" : named);
}

sync::SyncRequest make_request(Work& work, const Rendered& rendered) {
  sync::SyncRequest request;
  request.application = work.application.instance;
  request.namespace_ = work.application.destination.namespace_;
  request.operation = work.operation;
  request.started = work.state.started;
  request.now = work.context.clock.wall();
  request.revision = rendered.revisions.empty() ? std::string() : rendered.revisions.front();
  request.prunes_approved = work.application.approved(work.state.started);
  request.namespace_metadata = work.application.namespace_metadata;
  request.migrated_manager = migrated_manager(work);
  request.results = work.state.results;
  if (work.operation.options.has("CreateNamespace=true") && !request.namespace_.empty()) {
    auto found = work.context.cluster.fetch({"", "Namespace", "", request.namespace_}, "v1");
    if (found) request.live_namespace = *found;
  }
  return request;
}

// RespectIgnoreDifferences: what is ignored keeps its live value.
void respect_ignored(const Work& work, std::vector<sync::Delta>& deltas) {
  if (!work.operation.options.has("RespectIgnoreDifferences=true")) return;
  auto rules = work.application.ignore;
  const auto& global = work.configuration->settings.ignore;
  rules.insert(rules.end(), global.begin(), global.end());
  const auto ignore = sync::Ignore::make(std::move(rules), work.configuration->settings.equal);
  if (!ignore) return;
  for (auto& delta : deltas) {
    if (delta.target == nullptr || delta.live == nullptr || !ignore->concerns(delta.key)) continue;
    Value target = *delta.target;
    ignore->respect(delta.key, *delta.live, target);
    delta.target = std::make_shared<const Value>(std::move(target));
  }
}

bool shared_refused(Work& work, const Evaluation& evaluation) {
  if (!work.operation.options.has("FailOnSharedResource=true")) return false;
  for (const auto& each : evaluation.conditions) {
    if (each.type != "SharedResourceWarning") continue;
    fail(work, OperationPhase::failed, "Shared resource found: " + each.message);
    return true;
  }
  return false;
}

// What was applied as Git has it needs no question whether it is as Git has it.
void note_applied(Work& work, const Rendered& rendered, const sync::Plan& plan, const sync::Step& step,
                  const std::vector<sync::Outcome>& outcomes) {
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i].applied == nullptr) continue;
    const sync::Task& task = plan.tasks[step.changes[i].task];
    const auto found = std::ranges::lower_bound(rendered.targets->objects, task.key, {}, &sync::Target::key);
    // A target that took over ignored fields is another object than Git's.
    if (found == rendered.targets->objects.end() || found->key != task.key || found->object != task.target) continue;
    work.context.predictor.note_applied(work.application.instance, *found, *outcomes[i].applied);
  }
}

// Objects of a kind that nobody can see now, and that Git has no more: their pruning waits, as for every stale kind, and the
// kind is none that an apply would fail on.
std::optional<sync::Served> served_unseen(const Rendered& rendered, const Evaluation& evaluation, const sync::GroupKind& kind) {
  if (!evaluation.unseen.contains(kind)) return std::nullopt;
  const auto has_kind = [&](const auto& each) { return sync::group_kind(each.key) == kind; };
  const auto& targets = *rendered.targets;
  if (std::ranges::any_of(targets.objects, has_kind) || std::ranges::any_of(targets.hooks, has_kind)) return std::nullopt;
  const auto shown = std::ranges::find_if(evaluation.deltas, has_kind);
  sync::Served served;
  served.known = true;
  served.namespaced = shown == evaluation.deltas.end() || shown->namespaced;
  return served;
}

// Why nothing is removed just now; "" when it may be.
std::string prune_waits(const Work& work, const Evaluation& evaluation, const std::set<sync::GroupKind>& pruned) {
  for (const auto& kind : pruned) {
    const auto stale = evaluation.stale.find(kind);
    if (stale != evaluation.stale.end()) return fmt::format("waiting to prune {}: {}", kind.second, stale->second);
  }
  if (pruned.empty() || work.context.clock.wall() - work.state.started > claims_patience) return {};
  const auto unknown = work.context.claims.unknown_of(work.context.store.applications());
  return unknown ? fmt::format("waiting to prune: what application {} is made of is not known yet", *unknown) : std::string();
}

// Automation is held to what it was held to when it began: a retry with the latest revision has other manifests.
std::optional<std::string> refused_removal(const Work& work, const Evaluation& evaluation) {
  const bool decides = work.operation.automated && work.operation.prune && work.state.results.empty();
  const auto is_extra = [](const sync::Delta& delta) { return delta.match == sync::Match::extra && delta.own; };
  if (!decides || std::ranges::none_of(evaluation.deltas, is_extra)) return std::nullopt;
  const auto judgement = sync::judge({work.application, evaluation.deltas}, [](const Value&) { return std::nullopt; });
  return sync::removal_problem(work.application, judgement.rows, work.context.clock.wall());
}

void take_step(Work& work, const Rendered& rendered, Evaluation& evaluation) {
  const bool terminating = work.state.phase == OperationPhase::terminating;
  respect_ignored(work, evaluation.deltas);
  const sync::SyncRequest request = make_request(work, rendered);
  const auto served = [&](std::string_view group, std::string_view version, std::string_view kind) {
    if (const auto unseen = served_unseen(rendered, evaluation, {std::string(group), std::string(kind)})) return *unseen;
    return find_served(work.context, work.application, {std::string(group), std::string(kind), "", ""},
                       std::string(version));
  };
  auto plan = sync::plan_tasks(
      request, {evaluation.deltas, *rendered.targets, evaluation.live, *work.project}, served);
  const auto assess = [&](const Value& live) { return work.configuration->assessor.assess(live); };
  auto step = sync::next_step(plan, request, work.state.phase, assess);
  const sync::ExecuteOptions options{work.application.instance, work.configuration->settings.tracking, work.context.claims, rendered.targets.get()};
  if (auto reason = prune_waits(work, evaluation, sync::pruned_kinds({plan, request, step, options})); !reason.empty()) {
    work.state.message = std::move(reason);
    work.comes_back = true;
    return;
  }
  const auto outcomes = sync::execute(work.context.client, work.context.cluster, {plan, request, step, options},
                                      work.context.stop);
  note_applied(work, rendered, plan, step, outcomes);
  sync::conclude(plan, request, step, outcomes);
  if (step.phase == OperationPhase::succeeded) {
    sync::execute_cleanup(work.context.client, work.context.cluster, {plan, request, step, options});
  }
  work.state.results = sync::results_of(plan, work.state.results);
  work.state.phase = step.phase;
  work.state.message = step.message;
  if (!work.application.namespace_metadata.is_null()) {
    work.state.namespace_metadata = work.application.namespace_metadata;
  }
  // A wave that was applied may be followed at once: what was written is known to the view.
  work.comes_back = step.comes_back;
  work.again = !step.comes_back && !terminating && step.acts && !completed(step.phase);
}

Result<> advance(Work& work) {
  if (auto blocked = blocked_by_window(work); !blocked.empty() && work.state.phase == OperationPhase::running) {
    work.state.message = std::move(blocked);
    work.waits = work.blocked = true;
    return {};
  }
  auto refusals = sync::admit(work.application, work.project.get(), work.configuration->settings.clusters);
  if (refusals.empty()) refusals = sync::admit_sources(work.operation.sources, *work.project);
  if (!refusals.empty()) {
    fail(work, OperationPhase::error, condition_text(refusals));
    return {};
  }
  auto rendered = pin_operation(work);
  if (!rendered && rendered.error().code() == Code::answer_awaited) {
    // Who terminates it does not wait for a server that may never answer. Where objects were applied before
    // the agent started anew, the sources are needed to end their hooks.
    if (work.state.phase == OperationPhase::terminating && work.state.results.empty()) {
      fail(work, OperationPhase::failed, "Operation terminated");
    }
    work.waits = true;
    return {};
  }
  if (!rendered) {
    note_sources(work);
    work.state.has_result = true;
    if (work.state.revisions.empty()) work.state.revisions = work.operation.revisions;
    fail(work, OperationPhase::error,
         fmt::format("ComparisonError: {}: {}", sync::wording::load_target, rendered.error().message()));
    return {};
  }
  work.memory.operation = *rendered;
  auto evaluation = TRY(evaluate(work.context, {work.application, *work.project, *work.configuration,
                                                rendered->targets.get()}));
  if (!evaluation.ready) {
    work.waits = true;
    return {};
  }
  if (!work.state.has_result) note_sources(work);
  work.state.has_result = true;
  if (!work.operation.brings_manifests) work.state.revisions = rendered->revisions;
  if (const auto text = condition_text(evaluation.conditions); !text.empty()) {
    fail(work, OperationPhase::error, text);
  } else if (auto problem = refused_removal(work, evaluation)) {
    fail(work, OperationPhase::failed, *std::move(problem));
  } else if (!shared_refused(work, evaluation)) {
    take_step(work, *rendered, evaluation);
  }
  return {};
}

Result<> begin(Work& work) {
  auto state = sync::decode_state(work.application.status());
  if (state && !completed(state->phase)) {
    work.state = *std::move(state);
    work.operation = sync::decode_operation(work.state.operation).value_or(Operation{});
    return {};
  }
  work.memory.operation.reset();
  work.state = new_state(work.context, *work.application.operation());
  log::info("operation started", {{"application", work.application.instance}, {"automated", work.operation.automated}});
  // Before anything is written to the cluster: whoever comes after a crash finds when it began.
  return save(work, false, Telling::now);
}

bool asks_git(const Work& work) {
  const bool same = work.memory.rendered && work.memory.rendered->revisions == work.state.revisions;
  return !work.operation.automated || !same;
}

OperateResult finish(Work& work) {
  OperateResult result;
  result.ended = completed(work.state.phase);
  result.again = work.again;
  result.look_again = retry_wait(work);
  if (work.comes_back) result.look_again = come_back;
  if (work.blocked) result.look_again = window_pause;
  if (const auto left = time_left(work)) result.look_again = std::min(*left, result.look_again.value_or(*left));
  if (!result.ended) return result;
  result.ask_git = asks_git(work);
  work.memory.operation.reset();
  announce_operation(work.context, work.application, work.state);
  return result;
}

}  // namespace

sync::OperationState new_state(const Context& context, const Value& operation) {
  OperationState state;
  state.started = context.clock.wall();
  state.operation = operation;
  return state;
}

bool operation_in_progress(const sync::Application& application) { return application.operation() != nullptr; }

Result<OperateResult> operate(Context& context, sync::Application& application, Memory& memory) {
  if (!operation_in_progress(application)) return OperateResult{};
  Work work{context, application, memory, {}, {}, context.store.configuration(), context.store.project(application.project)};
  work.operation = sync::decode_operation(*application.operation()).value_or(Operation{});
  TRY(begin(work));
  interrupt(work);
  if (const auto wait = retry_wait(work)) {
    if (*wait > Duration{0}) return finish(work);
    start_retry(work);
  }
  const bool terminating = work.state.phase == OperationPhase::terminating;
  if (completed(work.state.phase)) {
    work.again = false;
  } else if (work.state.operation.find("sync") == nullptr) {
    fail(work, OperationPhase::failed, "Invalid operation request: no operation specified");
  } else if (work.project == nullptr) {
    fail(work, OperationPhase::error,
         fmt::format("{}: {}", sync::wording::load_project,
                     fmt::format(sync::wording::get_project, application.project)));
  } else if (!work.project->permits_application(application)) {
    fail(work, OperationPhase::error,
         fmt::format("{}: {}", sync::wording::load_project,
                     fmt::format(sync::wording::use_project, application.name, application.namespace_, application.project)));
  } else {
    TRY(advance(work));
  }
  if (work.state.phase == OperationPhase::failed || work.state.phase == OperationPhase::error) {
    retry_or_end(work, terminating);
  }
  const bool ended = completed(work.state.phase);
  if (ended) work.state.finished = context.clock.wall();
  // The comparison follows at once; where it waits for nobody, one write tells both.
  const bool together = ended && !asks_git(work) && !application.deleted;
  TRY(save(work, ended, together ? Telling::with_comparison : Telling::now));
  return finish(work);
}

}  // namespace holdfast::agent
