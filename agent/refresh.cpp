// SPDX-License-Identifier: Apache-2.0
#include "agent/refresh.h"

#include <algorithm>

#include "agent/announce.h"
#include "agent/deletion.h"
#include "agent/evaluate.h"
#include "agent/operate.h"
#include "agent/pin.h"
#include "agent/sources.h"
#include "agent/status.h"
#include "sync/judge.h"
#include "base/log.h"
#include "sync/names.h"
#include "sync/report.h"
#include "sync/wording.h"

namespace holdfast::agent {
namespace {

// The condition types that a comparison sets or clears.
const std::vector<std::string_view> compared_types{"ComparisonError",         "InvalidSpecError",
                                                   "ExcludedResourceWarning", "OrphanedResourceWarning",
                                                   "RepeatedResourceWarning", "SharedResourceWarning",
                                                   "UnknownError"};

// Git may be away this long before an Application that nobody refreshed shows it.
constexpr auto git_grace = std::chrono::seconds(180);

// A first list that does not come is looked at again, so that one kind in trouble holds up nobody else.
constexpr auto not_ready_pause = std::chrono::seconds(5);

// What Git or a renderer refused is asked for again after this time, if nobody asks before.
constexpr auto refusal_pause = std::chrono::seconds(30);

enum class Depth {
  recent,  // the same commits, compared again
  latest,  // the revisions are resolved, perhaps from a recent listing
  forced,  // the server is asked
};

struct Pass {
  Context& context;
  sync::Application& application;
  Memory& memory;
  std::shared_ptr<const Configuration> configuration;
  std::shared_ptr<const sync::Project> project;
  Depth depth = Depth::recent;
  bool hard = false;
  bool asked = false;  // the refresh annotation is there
};

// Other sources than those that were compared, or another place.
bool spec_changed(const sync::Application& application) {
  const Value* compared = application.status().find_path({"sync", "comparedTo"});
  if (compared == nullptr) return true;
  const auto differs = [&](std::string_view name) {
    const Value *then = compared->find(name), *now = application.spec().find(name);
    return then == nullptr || now == nullptr || !(*then == *now);
  };
  return differs(application.multi_source ? "sources" : "source") || differs("destination");
}

bool rules_changed(const sync::Application& application) {
  const Value* then = application.status().find_path({"sync", "comparedTo", "ignoreDifferences"});
  const Value none;
  return !((then == nullptr ? none : *then) == application.ignore_raw);
}

// Has this much time passed since? A time of 0 never passes.
bool is_over(std::optional<SteadyTime> since, Duration time, SteadyTime now) {
  return since && time > Duration{0} && now - *since >= time;
}

void choose_depth(Pass& pass, Freshness freshness) {
  const auto word = pass.application.annotation(sync::names::refresh);
  Memory& memory = pass.memory;
  const auto& settings = pass.configuration->settings;
  const auto now = pass.context.clock.steady();
  const bool resync_due = !memory.resolved || is_over(memory.resolved, memory.refusal ? Duration(refusal_pause) : settings.resync, now);
  if (!memory.anew) memory.anew = now;  // nothing is remembered from before
  const bool known = memory.refusal || (memory.rendered && memory.rendered->configuration == pass.configuration->generation);
  pass.asked = !word.empty();
  pass.hard = word == "hard" || is_over(memory.anew, settings.hard_resync, now) || memory.asking == Memory::Asking::anew;
  if (pass.hard) memory.anew = now;
  const bool other_access = memory.refusal && memory.refused_access != pass.context.store.access_generation();
  const bool goes_on = memory.asking == Memory::Asking::now;
  if (pass.asked || pass.hard || goes_on || freshness == Freshness::now || spec_changed(pass.application) || other_access) {
    pass.depth = Depth::forced;
  } else if (!known || resync_due) {
    pass.depth = memory.refusal ? Depth::forced : Depth::latest;
  }
}

void forget_other_scopes(Pass& pass) {
  if (pass.memory.rendered && !scopes_hold(pass.context, *pass.memory.rendered)) pass.memory.rendered.reset();
}

void forget_what_changed(Pass& pass) {
  if (pass.hard && pass.memory.asking != Memory::Asking::anew) {
    pass.memory.rendered.reset();
    for (const auto& source : pass.application.sources) forget_source(pass.context, source);
  }
  const bool settings = pass.memory.configuration != pass.configuration->generation;
  if (pass.hard || settings || rules_changed(pass.application)) pass.context.predictor.forget(pass.application.instance);
  pass.memory.configuration = pass.configuration->generation;
}

// A server that may be back soon.
bool is_away(Code code) {
  return code == Code::git_unreachable || code == Code::unreachable || code == Code::timed_out;
}

bool is_of_spec(const Rendered& rendered, const Pass& pass) {
  return rendered.question == question_of(pass.application, pass.application.sources) && rendered.configuration == pass.configuration->generation;
}

// While a server is asked, what was rendered before goes on being compared.
Result<Rendered> rendered_meanwhile(Pass& pass, Error awaited) {
  using Asking = Memory::Asking;
  pass.memory.asking = pass.hard ? Asking::anew : pass.depth == Depth::forced ? Asking::now : Asking::nothing;
  if (!pass.memory.rendered || !is_of_spec(*pass.memory.rendered, pass)) return failure(std::move(awaited));
  pass.depth = Depth::recent;
  pass.asked = false;
  return *pass.memory.rendered;
}

// The rendered spec, or why there is none. With remembered commits Git is not asked.
Result<Rendered> rendered_spec(Pass& pass) {
  if (pass.depth == Depth::recent && pass.memory.refusal) return failure(Error(*pass.memory.refusal));
  if (pass.depth == Depth::recent && pass.memory.rendered) return *pass.memory.rendered;
  const Wanted wanted = wanted_by_spec(pass.application);
  const PinInput input{pass.application, *pass.configuration, wanted,
                       pass.depth == Depth::forced ? Freshness::now : Freshness::remembered, pass.memory.rendered};
  const auto access = pass.context.store.access_generation();
  auto rendered = pin(pass.context, input);
  if (!rendered && rendered.error().code() == Code::answer_awaited) return rendered_meanwhile(pass, rendered.error());
  pass.memory.asking = Memory::Asking::nothing;
  const bool away = !rendered && is_away(rendered.error().code());
  if (away && pass.depth != Depth::forced && pass.memory.rendered && pass.memory.resolved &&
      pass.context.clock.steady() - *pass.memory.resolved < pass.configuration->settings.resync + git_grace) {
    return *pass.memory.rendered;
  }
  if (rendered) {
    pass.memory.resolved = pass.context.clock.steady();
    pass.memory.rendered = *rendered;
    pass.memory.refusal.reset();
  } else {
    pass.memory.rendered.reset();
    pass.memory.refusal = rendered.error();
    pass.memory.refused_access = access;
    pass.memory.resolved = pass.context.clock.steady();
  }
  return rendered;
}

bool namespace_metadata_changed(const sync::Application& application) {
  if (application.namespace_metadata.is_null()) return false;
  const auto state = sync::decode_state(application.status());
  return state && state->has_result && !(state->namespace_metadata == application.namespace_metadata);
}

std::vector<std::string> asked_revisions(const sync::Application& application) {
  std::vector<std::string> revisions;
  for (const auto& source : application.sources) revisions.push_back(source.target_revision);
  return revisions;
}

// After an operation that brought its own manifests these are what counts, until the next operation.
// Mirrors argoproj/argo-cd 3.6 appcontroller.go: processAppRefreshQueueItem (localManifests).
Result<Rendered> rendered_now(Pass& pass) {
  const Value* last = pass.application.status().find_path({"operationState", "operation"});
  const auto operation = last == nullptr ? std::nullopt : sync::decode_operation(*last);
  if (!operation || operation->manifests.empty()) return rendered_spec(pass);
  const Wanted wanted = wanted_by_spec(pass.application);
  return pin_manifests(pass.context, {pass.application, *pass.configuration, wanted, Freshness::remembered, std::nullopt},
                       *operation);
}

// What the comparison says, as a status and the judgement that automation decides on.
struct Told {
  Value status;
  sync::Judgement judgement;
  std::vector<std::string> revisions;
  const sync::Targets* targets = nullptr;
  std::shared_ptr<const sync::Targets> kept;
};

// From now on nobody removes it on behalf of another Application. What cannot be rendered just now keeps what it had.
void claim(Pass& pass, const sync::Targets* targets) {
  auto& claims = pass.context.claims;
  const auto& instance = pass.application.instance;
  if (targets == nullptr) return claims.note_look(instance);
  claims.put(instance, *targets, [&](const sync::Target& target) {
    return pass.project->refusal(target.key, target.namespaced ? sync::Scope::namespaced : sync::Scope::cluster).empty();
  });
}

Result<std::optional<Told>> compare_spec(Pass& pass) {
  auto rendered = rendered_now(pass);
  if (!rendered && rendered.error().code() == Code::answer_awaited) return std::optional<Told>();
  Told told;
  std::vector<sync::Condition> conditions;
  if (rendered) {
    told.kept = rendered->targets;
    told.targets = told.kept.get();
    told.revisions = rendered->revisions;
  } else {
    told.revisions = asked_revisions(pass.application);
    conditions.push_back({"ComparisonError", fmt::format("{}: {}", sync::wording::load_target, rendered.error().message())});
  }
  claim(pass, pass.application.deleted ? nullptr : told.targets);
  auto evaluation = TRY(evaluate(pass.context, {pass.application, *pass.project, *pass.configuration, told.targets}));
  pass.memory.orphans = evaluation.orphans;
  if (!evaluation.ready) return std::optional<Told>();
  conditions.insert(conditions.end(), evaluation.conditions.begin(), evaluation.conditions.end());
  const auto assess = [&](const Value& live) { return pass.configuration->assessor.assess(live); };
  told.judgement = sync::judge({pass.application, evaluation.deltas, evaluation.targets_known,
                                namespace_metadata_changed(pass.application)}, assess);
  const sync::Comparison comparison{told.revisions, rendered ? rendered->source_types : std::vector<std::string>{},
                                    sync::live_images(evaluation.deltas)};
  const auto now = pass.context.clock.wall();
  told.status = sync::report_comparison(pass.application.status(), pass.application, comparison, told.judgement, now);
  told.status = sync::report_conditions(std::move(told.status), conditions, compared_types, now);
  return std::optional<Told>(std::move(told));
}

// When the sources were looked at is told to who asked, and with whatever else there is to tell. A resync that
// finds all as it was writes nothing, where upstream writes this time.
void tell_time(const Pass& pass, const Value& before, Value& status) {
  const bool asked = pass.asked || status.find("reconciledAt") == nullptr;
  if (asked || (pass.depth != Depth::recent && !(status == before))) {
    status["reconciledAt"] = format_rfc3339(pass.context.clock.wall());
  }
}

Result<RefreshResult> refuse(Pass& pass, const std::vector<sync::Condition>& refusals) {
  const auto now = pass.context.clock.wall();
  StatusChange change;
  change.status = sync::report_refusal(pass.application.status(), now);
  change.status = sync::report_conditions(std::move(change.status), refusals, compared_types, now);
  change.drop_refresh = pass.asked;
  if (change.status.find("reconciledAt") == nullptr || pass.asked) change.status["reconciledAt"] = format_rfc3339(now);
  TRY(write_status(pass.context, pass.application, change));
  return RefreshResult{};
}

// Commits that leave alone what the Application says it is made of are no new revision of it: they do not try again
// what has failed, nor undo what was changed by hand where nothing heals itself. Nothing while Git is asked.
std::optional<sync::Since> since_operation(Pass& pass, const Told& told, const std::optional<sync::OperationState>& state) {
  using sync::Since;
  const auto& application = pass.application;
  if (application.annotation(sync::names::generate_paths).empty() || told.judgement.sync != "OutOfSync") return Since::unknown;
  if (!state || !state->has_result || state->revisions == told.revisions || state->revisions.size() != told.revisions.size()) return Since::unknown;
  pass.context.look.name = "since";
  const Wanted wanted = wanted_by_spec(application);
  const auto touched = is_touched(pass.context, {application, *pass.configuration, wanted, Freshness::remembered, std::nullopt},
                                  state->revisions, told.revisions);
  if (pass.context.errands.end_look(pass.context.look) == Errands::Ended::awaiting) return std::nullopt;
  return touched && !*touched ? Since::nothing : Since::unknown;
}

// Automation: sets or clears its condition, and returns the operation that it starts.
sync::AutoSync automate(Pass& pass, Told& told) {
  const auto now = pass.context.clock.wall();
  if (!sync::may_sync(pass.project->windows, sync::window_subject(pass.application), sync::SyncKind::automated, now)) return {};
  const auto state = sync::decode_state(pass.application.status());
  const auto since = since_operation(pass, told, state);
  if (!since) return {};
  auto decision = sync::decide_auto_sync({pass.application, told.judgement, told.revisions, state, now, *since});
  std::vector<sync::Condition> conditions;
  if (decision.error) conditions.push_back(*decision.error);
  told.status = sync::report_conditions(std::move(told.status), conditions, {"SyncError"}, now);
  return decision;
}

}  // namespace

Result<RefreshResult> refresh(Context& context, sync::Application& application, Memory& memory,
                              Freshness freshness) {
  Pass pass{context, application, memory, context.store.configuration(), context.store.project(application.project)};
  forget_other_scopes(pass);
  choose_depth(pass, freshness);
  forget_what_changed(pass);
  const auto refusals = sync::admit(application, pass.project.get(), pass.configuration->settings.clusters);
  if (!refusals.empty()) {
    context.claims.note_look(application.instance);
    return refuse(pass, refusals);
  }
  auto told = TRY(compare_spec(pass));
  if (!told) return RefreshResult{false, not_ready_pause};
  const auto decision = automate(pass, *told);
  const Value before = application.status();
  // An operation's end is an event of its own, and so says what its beginning and its outcome are.
  const bool told_by_operation = decision.operation.has_value() || application.told != nullptr;
  StatusChange change;
  tell_time(pass, before, told->status);
  change.status = std::move(told->status);
  change.drop_refresh = pass.asked;
  change.start_operation = decision.operation;
  // Request and beginning in one write: the operation's first step is the very next thing. With its outcome, or
  // where it waits, come the objects: a row for each of 1,000 takes the API server 0.1 s, in which nothing is applied.
  if (decision.operation) {
    change.status["operationState"] = sync::encode_state(new_state(context, *decision.operation));
    const Value* rows = before.find("resources");
    if (rows == nullptr) {
      change.status.as_object()->erase("resources");
    } else {
      change.status["resources"] = *rows;
    }
  }
  if (told->targets != nullptr && !application.deleted) change.finalizers = hook_finalizers(application, *told->targets);
  TRY(write_status(context, application, change));
  if (decision.operation) log::info("operation started", {{"application", application.instance}, {"automated", true}});
  if (!told_by_operation) announce_change(context, application, before);
  auto look_again = decision.look_again;
  if (memory.refusal && !look_again) look_again = refusal_pause;
  return RefreshResult{decision.operation.has_value(), look_again};
}

}  // namespace holdfast::agent
