// SPDX-License-Identifier: Apache-2.0
#include "health/custom.h"

#include "base/glob.h"
#include "value/json.h"

namespace holdfast::health {
namespace {

// A message may be a number, as scripts count things.
std::string message_of(const Value& table, std::string_view name) {
  const Value* message = table.find(name);
  if (message == nullptr || message->is_null()) return "";
  return message->is_string() ? *message->as_string() : json::write(*message);
}

}  // namespace

std::string group_kind_of(const Value& live) {
  const auto api_version = live.text({"apiVersion"});
  const auto slash = api_version.find('/');
  const auto kind = live.text({"kind"});
  if (slash == std::string_view::npos) return std::string(kind);
  return fmt::format("{}_{}", api_version.substr(0, slash), kind);
}

Result<Answer> run_script(std::string_view lua, const Value& live, const ScriptLimits& limits) {
  const Value table = TRY(run_lua({lua, live}, limits));
  Answer answer;
  if (table.is_null()) return answer;
  answer.said = Answer::Said::table;
  if (table.is_array() && table.as_array()->empty()) return answer;
  const auto status = parse_status(table.text({"status"}));
  answer.health = status ? Health{*status, message_of(table, "message")} : Health{Status::unknown, "Lua returned an invalid health status"};
  if (status) answer.deletion_message = message_of(table, "deletionMessage");
  return answer;
}

Scripts::Scripts(std::vector<Script> scripts) {
  for (auto& script : scripts) {
    if (script.group_kind.find('*') == std::string::npos) {
      exact_.try_emplace(std::move(script.group_kind), std::move(script.lua));
    } else {
      wild_.push_back(std::move(script));
    }
  }
}

const std::string* Scripts::find(std::string_view group_kind) const {
  if (const auto exact = exact_.find(group_kind); exact != exact_.end()) return &exact->second;
  for (const auto& script : wild_) {
    if (glob_match(script.group_kind, group_kind)) return &script.lua;
  }
  return nullptr;
}

Assessor::Assessor(std::vector<Script> settings, std::shared_ptr<const Scripts> folder)
    : settings_(std::move(settings)), folder_(std::move(folder)) {}

std::optional<Health> Assessor::assess(const Value& live) const {
  const auto group_kind = group_kind_of(live);
  const std::string* lua = settings_.find(group_kind);
  if (lua == nullptr && folder_ != nullptr) lua = folder_->find(group_kind);
  if (lua == nullptr) return assess_builtin(live);
  auto answer = run_script(*lua, live);
  if (!answer) return Health{Status::unknown, answer.error().message()};
  if (answer->said == Answer::Said::nil) return assess_builtin(live);
  const auto pending = pending_deletion(live);
  if (pending && !answer->deletion_message.empty()) return Health{answer->health->status, std::move(answer->deletion_message)};
  return pending ? pending : answer->health;
}

}  // namespace holdfast::health
