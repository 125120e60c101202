// SPDX-License-Identifier: Apache-2.0
#include "sync/operation.h"

#include <algorithm>
#include <array>

namespace holdfast::sync {
namespace {

constexpr std::array<std::pair<OperationPhase, std::string_view>, 5> phase_names{
    {{OperationPhase::running, "Running"},
     {OperationPhase::terminating, "Terminating"},
     {OperationPhase::succeeded, "Succeeded"},
     {OperationPhase::failed, "Failed"},
     {OperationPhase::error, "Error"}}};

Value to_array(const std::vector<std::string>& texts) {
  Array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

void decode_strategy(const Value& sync, Operation& operation) {
  const Value* strategy = sync.find("syncStrategy");
  if (strategy == nullptr) return;
  const Value* apply = strategy->find("apply");
  const Value* hook = strategy->find("hook");
  operation.apply_strategy = apply != nullptr && apply->is_object();
  operation.force = (apply != nullptr && flag_of(apply->find("force"))) ||
                    (hook != nullptr && flag_of(hook->find("force")));
}

void decode_wanted(const Value& sync, Operation& operation) {
  const Value* sources = sync.find("sources");
  if (sources != nullptr && sources->as_array() != nullptr && !sources->as_array()->empty()) {
    operation.multi_source = true;
    for (const auto& each : *sources->as_array()) operation.sources.push_back(decode_source(each));
  } else if (const Value* source = sync.find("source"); source != nullptr && source->is_object()) {
    operation.sources.push_back(decode_source(*source));
  }
  operation.revisions = strings_of(sync.find("revisions"));
  if (operation.revisions.empty()) {
    if (const auto revision = sync.text({"revision"}); !revision.empty()) {
      operation.revisions.emplace_back(revision);
    }
  }
}

}  // namespace

std::string_view to_string(OperationPhase phase) {
  return phase_names[static_cast<std::size_t>(phase)].second;
}

std::optional<OperationPhase> parse_operation_phase(std::string_view text) {
  for (const auto& [phase, name] : phase_names) {
    if (name == text) return phase;
  }
  return std::nullopt;
}

bool completed(OperationPhase phase) {
  return phase != OperationPhase::running && phase != OperationPhase::terminating;
}

ResultIndex index_of(const std::vector<TaskResult>& results) {
  ResultIndex index;
  for (std::size_t i = 0; i < results.size(); ++i) index.try_emplace({results[i].phase, results[i].key}, i);
  return index;
}

Value encode_result(const TaskResult& result) {
  Object object{{"group", result.key.group},
                {"kind", result.key.kind},
                {"name", result.key.name},
                {"namespace", result.key.namespace_},
                {"syncPhase", to_string(result.phase)},
                {"version", result.version}};
  if (!result.status.empty()) object.set("status", result.status);
  if (result.hook_phase) object.set("hookPhase", to_string(*result.hook_phase));
  if (!result.hook_type.empty()) object.set("hookType", result.hook_type);
  if (!result.message.empty()) object.set("message", result.message);
  if (!result.images.empty()) object.set("images", to_array(result.images));
  return object;
}

TaskResult decode_result(const Value& value) {
  TaskResult result;
  result.key = {std::string(value.text({"group"})), std::string(value.text({"kind"})),
                std::string(value.text({"namespace"})), std::string(value.text({"name"}))};
  result.version = value.text({"version"});
  result.phase = parse_phase(value.text({"syncPhase"})).value_or(Phase::sync);
  result.status = value.text({"status"});
  result.hook_phase = parse_operation_phase(value.text({"hookPhase"}));
  result.hook_type = value.text({"hookType"});
  result.is_hook = !result.hook_type.empty();
  result.message = value.text({"message"});
  result.images = strings_of(value.find("images"));
  return result;
}

std::optional<Operation> decode_operation(const Value& value) {
  const Value* sync = value.find("sync");
  if (sync == nullptr || !sync->is_object()) return std::nullopt;
  Operation operation;
  decode_wanted(*sync, operation);
  decode_strategy(*sync, operation);
  operation.prune = flag_of(sync->find("prune"));
  operation.dry_run = flag_of(sync->find("dryRun"));
  operation.options = Options(strings_of(sync->find("syncOptions")));
  operation.manifests = strings_of(sync->find("manifests"));
  operation.brings_manifests = !operation.manifests.empty();
  operation.heal_attempts = int_of(sync->find("autoHealAttemptsCount"), 0);
  if (const Value* selectors = sync->find("resources"); selectors != nullptr && selectors->as_array() != nullptr) {
    for (const auto& each : *selectors->as_array()) {
      operation.selectors.push_back({std::string(each.text({"group"})), std::string(each.text({"kind"})),
                                     std::string(each.text({"namespace"})), std::string(each.text({"name"}))});
    }
  }
  if (const Value* retry = value.find("retry"); retry != nullptr && retry->is_object()) {
    operation.retry = decode_retry(*retry);
  }
  if (const Value* by = value.find("initiatedBy")) {
    operation.initiated_by = *by;
    operation.automated = flag_of(by->find("automated"));
  }
  return operation;
}

std::optional<OperationState> decode_state(const Value& status) {
  const Value* value = status.find("operationState");
  if (value == nullptr || !value->is_object()) return std::nullopt;
  OperationState state;
  state.phase = parse_operation_phase(value->text({"phase"})).value_or(OperationPhase::running);
  state.message = value->text({"message"});
  if (const auto started = parse_rfc3339(value->text({"startedAt"}))) state.started = *started;
  if (const auto finished = parse_rfc3339(value->text({"finishedAt"}))) state.finished = *finished;
  state.retries = int_of(value->find("retryCount"), 0);
  if (const Value* operation = value->find("operation")) state.operation = *operation;
  const Value* result = value->find("syncResult");
  if (result == nullptr || !result->is_object()) return state;
  state.has_result = true;
  state.revisions = strings_of(result->find("revisions"));
  const Value* sources = result->find("sources");
  state.multi_source = sources != nullptr && sources->is_array();
  if (state.multi_source) state.sources = *sources;
  if (const Value* source = result->find("source"); source != nullptr && !state.multi_source) state.sources = *source;
  if (!state.multi_source && !result->text({"revision"}).empty()) {
    state.revisions = {std::string(result->text({"revision"}))};
  }
  if (const Value* metadata = result->find("managedNamespaceMetadata")) state.namespace_metadata = *metadata;
  const Value* rows = result->find("resources");
  if (rows != nullptr && rows->as_array() != nullptr) {
    for (const auto& row : *rows->as_array()) state.results.push_back(decode_result(row));
  }
  return state;
}

Value encode_state(const OperationState& state) {
  Object object{{"message", state.message},
                {"operation", state.operation},
                {"phase", to_string(state.phase)},
                {"startedAt", format_rfc3339(state.started)}};
  if (state.finished) object.set("finishedAt", format_rfc3339(*state.finished));
  if (state.retries != 0) object.set("retryCount", state.retries);
  if (!state.has_result) return object;
  Object result;
  // The CRD requires `revision`; with several sources it is empty.
  result.set("revision", state.multi_source || state.revisions.empty() ? std::string() : state.revisions.front());
  if (state.multi_source) {
    result.set("revisions", to_array(state.revisions));
    result.set("sources", state.sources);
  } else if (state.sources.is_object()) {
    result.set("source", state.sources);
  }
  if (!state.namespace_metadata.is_null()) result.set("managedNamespaceMetadata", state.namespace_metadata);
  Array rows;
  for (const auto& each : state.results) rows.push_back(encode_result(each));
  if (!rows.empty()) result.set("resources", std::move(rows));
  object.set("syncResult", std::move(result));
  return object;
}

}  // namespace holdfast::sync
