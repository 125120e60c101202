// SPDX-License-Identifier: Apache-2.0
#include "sync/judge.h"

#include <algorithm>
#include <cmath>

#include "sync/kinds.h"
#include "sync/names.h"

namespace holdfast::sync {
namespace {

using health::Status;

// argo-cd's selfHeal back-off: 2 s × 3ⁿ, at most 300 s; the first attempt waits for nothing.
constexpr double heal_first_seconds = 2, heal_factor = 3, heal_most_seconds = 300;

bool confirms(const Options& options, const Value* object) {
  if (object == nullptr) return false;
  return delete_of(options, *object) == Delete::confirm || prune_of(options, *object) == Prune::confirm;
}

Row start_row(const Options& options, const Delta& delta) {
  Row row;
  row.key = delta.key;
  row.version = delta.version;
  row.hook = delta.hook;
  row.wave = delta.wave;
  row.requires_pruning = delta.target == nullptr && delta.live != nullptr && delta.own;
  row.requires_confirmation = confirms(options, delta.target.get()) || confirms(options, delta.live.get());
  return row;
}

bool is_self(const Application& application, const Key& key) {
  return is_application(key) && key.name == application.name && key.namespace_ == application.namespace_;
}

// Sets the row's status; returns whether it makes the Application OutOfSync.
bool judge_row(const Delta& delta, Row& row) {
  bool counts = false;
  if (delta.hook || delta.skip || !delta.own) {
    row.status.clear();
  } else if (delta.match == Match::same) {
    row.status = "Synced";
  } else if (delta.match == Match::unknown) {
    row.status = "Unknown";
  } else {
    row.status = "OutOfSync";
    const bool extraneous = delta.match == Match::extra && delta.live != nullptr &&
                            has_annotation_word(*delta.live, names::compare_options, "IgnoreExtraneous");
    counts = !extraneous;
  }
  if (!delta.permitted) row.status = "Unknown";
  return counts;
}

// Sets the row's health; returns whether it weighs on the Application's.
bool judge_health(const Application& application, const Delta& delta, const Assess& assess, Row& row) {
  if (delta.skip || delta.hook) return false;
  if (delta.live == nullptr) {
    row.health = health::Health{Status::missing, ""};
    return false;
  }
  if (is_self(application, delta.key)) return false;
  if (annotation(*delta.live, names::ignore_healthcheck) == "true") return false;
  row.health = assess(*delta.live);
  if (!row.health) return false;
  const Status status = row.health->status;
  const bool of_nobody = status == Status::missing || status == Status::unknown;
  return !of_nobody || !is_application(delta.key);
}

// `causes`: whose health is the worst.
void weigh(const Delta& delta, Status status, Judgement& judgement, std::vector<const Key*>& causes) {
  if (status > judgement.health) causes.clear();
  judgement.health = std::max(judgement.health, status);
  if (status == judgement.health && status != Status::healthy) causes.push_back(&delta.key);
}

constexpr std::size_t causes_shown = 3;

std::string told_causes(const std::vector<const Key*>& causes) {
  std::string text;
  for (std::size_t i = 0; i < std::min(causes.size(), causes_shown); ++i) {
    const Key& key = *causes[i];
    text += fmt::format("{}{}{}{}:{}{}{}", i == 0 ? "Caused by " : ", ", key.group, key.group.empty() ? "" : "/", key.kind,
                        key.namespace_, key.namespace_.empty() ? "" : "/", key.name);
  }
  if (causes.size() > causes_shown) text += fmt::format(" and {} more", causes.size() - causes_shown);
  return text;
}

bool nothing_lives(const std::vector<Delta>& deltas) {
  bool any = false;
  for (const auto& delta : deltas) {
    if (delta.hook || delta.skip) continue;
    any = true;
    if (delta.live != nullptr) return false;
  }
  return any;
}

Value strings(const std::vector<std::string>& texts) {
  Array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

bool attempted(const AutoSyncInput& input) {
  const auto& state = input.state;
  if (!state) return false;
  if (!state->has_result) return completed(state->phase);
  if (state->revisions != input.revisions && input.since == Since::unknown) return false;
  const Application& application = input.application;
  if (application.multi_source != state->multi_source) return false;
  const Value* sources = application.spec().find(application.multi_source ? "sources" : "source");
  return sources != nullptr && *sources == state->sources;
}

Duration heal_delay(std::int64_t attempts) {
  if (attempts == 0) return Duration{0};
  const double seconds = heal_first_seconds * std::pow(heal_factor, static_cast<double>(std::min<std::int64_t>(attempts - 1, 20)));
  return Duration(static_cast<std::int64_t>(std::min(seconds, heal_most_seconds) * 1e9));
}

// Far more would go than one usually takes out of Git: a wrong path or a broken generator looks like this.
// Upstream has no such brake.
constexpr std::size_t removals_few = 50;

bool needs_pruning(const Row& row) { return row.requires_pruning; }

// As many objects as it stands for: with a child Application or a namespace goes what is in it.
std::size_t weight_of(const Key& key) {
  constexpr std::size_t of_a_whole = 10;
  return is_application(key) || is_namespace(key) ? of_a_whole : 1;
}

bool removes_most(const Application& application, const std::vector<Row>& rows, WallTime now) {
  std::size_t going = 0, all = 0;
  for (const auto& row : rows) {
    all += weight_of(row.key);
    if (row.requires_pruning && !row.hook) going += weight_of(row.key);
  }
  if (going <= removals_few || going * 2 <= all) return false;
  return !application.approved(now - std::chrono::hours(1));
}

std::string brackets(const std::vector<std::string>& revisions) {
  std::string text;
  for (const auto& each : revisions) text += (text.empty() ? "" : " ") + each;
  return "[" + text + "]";
}

Value start_operation(const AutoSyncInput& input) {
  const Application& application = input.application;
  Object sync;
  if (application.multi_source) {
    sync.set("revisions", strings(input.revisions));
    sync.set("sources", *application.spec().find("sources"));
  } else {
    sync.set("revision", input.revisions.empty() ? std::string() : input.revisions.front());
    if (const Value* source = application.spec().find("source")) sync.set("source", *source);
  }
  if (application.automated->prune) sync.set("prune", true);
  if (!application.options.empty()) sync.set("syncOptions", strings(application.options.words()));
  const Value retry = application.retry ? application.retry_raw : Value(Object{{"limit", 5}});
  return Object{{"initiatedBy", Object{{"automated", true}}}, {"retry", retry}, {"sync", std::move(sync)}};
}

// The same revision once more: only what is not equal, and with a growing pause.
bool heal(const AutoSyncInput& input, Value& operation, AutoSync& answer) {
  const Operation last = decode_operation(input.state->operation).value_or(Operation{});
  const auto since = input.state->finished ? input.now - *input.state->finished : Duration::max();
  const Duration wait = heal_delay(last.heal_attempts);
  // An end that is still to come is another clock's: nobody waits for that one.
  if (since < wait && since > -std::chrono::seconds(1)) {
    answer.look_again = wait - since;
    return false;
  }
  operation["sync"]["autoHealAttemptsCount"] = last.heal_attempts + 1;
  Array chosen;
  for (const auto& row : input.judgement.rows) {
    if (row.status == "Synced") continue;
    chosen.emplace_back(Object{{"group", row.key.group}, {"kind", row.key.kind}, {"name", row.key.name}});
  }
  if (chosen.empty()) return false;
  operation["sync"]["resources"] = std::move(chosen);
  return true;
}

}  // namespace

Judgement judge(const JudgeInput& input, const Assess& assess) {
  Judgement judgement;
  judgement.sync = "Synced";
  std::vector<const Key*> causes;
  for (const auto& delta : input.deltas) {
    Row row = start_row(input.application.options, delta);
    if (judge_row(delta, row)) judgement.sync = "OutOfSync";
    if (input.targets == TargetsKnown::no) row.status = "Unknown";
    if (judge_health(input.application, delta, assess, row)) weigh(delta, row.health->status, judgement, causes);
    judgement.rows.push_back(std::move(row));
  }
  if (input.namespace_metadata_changed) judgement.sync = "OutOfSync";
  if (input.targets == TargetsKnown::no) judgement.sync = "Unknown";
  if (nothing_lives(input.deltas)) judgement.health = Status::missing;
  judgement.health_message = told_causes(causes);
  std::ranges::stable_sort(judgement.rows, {}, &Row::key);
  return judgement;
}

std::optional<std::string> removal_problem(const Application& application, const std::vector<Row>& rows, WallTime now) {
  if (application.automated && application.automated->allow_empty) return std::nullopt;
  if (std::ranges::all_of(rows, needs_pruning)) return "auto-sync will wipe out all resources";
  if (!removes_most(application, rows, now)) return std::nullopt;
  return fmt::format("auto-sync would remove {} of {} resources. Sync by hand, or approve it with the annotation {} and the time",
                     std::ranges::count_if(rows, needs_pruning), rows.size(), names::deletion_approved);
}

AutoSync decide_auto_sync(const AutoSyncInput& input) {
  const Application& application = input.application;
  AutoSync answer;
  if (!application.automated || application.operation() != nullptr || application.deleted) return answer;
  if (input.judgement.sync != "OutOfSync") return answer;
  const auto& rows = input.judgement.rows;
  const bool only_prunes = std::ranges::all_of(rows, [&](const Row& row) {
    return row.status == "Synced" || needs_pruning(row);
  });
  if (!application.automated->prune && only_prunes) return answer;
  Value operation = start_operation(input);
  if (attempted(input)) {
    if (input.state->phase != OperationPhase::succeeded) {
      answer.error = Condition{"SyncError", fmt::format("Failed last sync attempt to {}: {}",
                                                        brackets(input.state->revisions), input.state->message)};
      return answer;
    }
    if (!application.automated->self_heal || !heal(input, operation, answer)) return answer;
  }
  if (application.automated->prune) {
    if (const auto problem = removal_problem(application, rows, input.now)) {
      answer.error = Condition{"SyncError", fmt::format("Skipping sync attempt to {}: {}", brackets(input.revisions), *problem)};
      return answer;
    }
  }
  answer.operation = std::move(operation);
  return answer;
}

}  // namespace holdfast::sync
