// SPDX-License-Identifier: Apache-2.0
#include "health/actions.h"

#include <algorithm>

namespace holdfast::health {
namespace {

bool is_empty_list(const Value& value) {
  return value.is_array() && value.as_array()->empty();
}

// Lua does not tell an empty map from an empty list: what was a map in `before` stays one.
void restore_maps(Value& after, const Value& before) {
  if (is_empty_list(after) && before.is_object()) {
    after = Object{};
  } else if (Object* map = after.as_object()) {
    for (auto& [key, value] : *map) {
      if (const Value* was = before.find(key)) restore_maps(value, *was);
    }
  } else if (after.is_array() && before.is_array()) {
    const auto count = std::min(after.as_array()->size(), before.as_array()->size());
    for (std::size_t i = 0; i < count; ++i)
      restore_maps((*after.as_array())[i], (*before.as_array())[i]);
  }
}

Action decode_action(const std::string& name, const Value& details) {
  const Value* disabled = details.find("disabled");
  Action action{.name = name,
                .display_name = std::string(details.text({"displayName"})),
                .icon_class = std::string(details.text({"iconClass"})),
                .disabled = disabled != nullptr && *disabled == Value(true),
                .parameters = {}};
  const Value* parameters = details.find("params");
  if (parameters == nullptr || !parameters->is_array()) return action;
  for (const auto& each : *parameters->as_array())
    action.parameters.emplace_back(each.text({"name"}));
  return action;
}

Result<Impact> decode_impact(Value& row, const Value& live) {
  const auto operation = row.text({"operation"});
  Value* object = row.find("resource");
  if ((operation != "patch" && operation != "create") || object == nullptr) {
    return failure(Code::template_execution, "unsupported operation: \"{}\"", operation);
  }
  Impact impact{operation == "patch" ? Effect::patch : Effect::create, std::move(*object)};
  if (impact.effect == Effect::patch) restore_maps(impact.object, live);
  return impact;
}

// As kubectl's rollout restart.
constexpr std::string_view restart = R"(
local template = obj.spec.template
if template.metadata == nil then template.metadata = {} end
if template.metadata.annotations == nil then template.metadata.annotations = {} end
template.metadata.annotations['kubectl.kubernetes.io/restartedAt'] = os.date('!%Y-%m-%dT%H:%M:%SZ')
return obj
)";

}  // namespace

const ActionScripts* builtin_actions(std::string_view group_kind) {
  static const ActionScripts workload{"return {restart = {}}", {{"restart", std::string(restart)}}};
  constexpr std::string_view workloads[] = {"apps_Deployment", "apps_StatefulSet", "apps_DaemonSet"};
  return std::ranges::find(workloads, group_kind) == std::end(workloads) ? nullptr : &workload;
}

Result<std::vector<Action>> discover_actions(std::string_view lua, const Value& live) {
  const Value table = TRY(run_lua({lua, live}));
  std::vector<Action> actions;
  if (table.as_object() == nullptr) return actions;
  for (const auto& [name, details] : *table.as_object())
    actions.push_back(decode_action(name, details));
  return actions;
}

Result<std::vector<Impact>> run_action(std::string_view lua, const Value& live,
                                       const Value& parameters) {
  Value table = TRY(run_lua({lua, live, &parameters}));
  std::vector<Impact> impacts;
  if (table.is_null()) {
    return failure(Code::template_execution, "expect table output from Lua script, not nil");
  }
  if (Array* rows = table.as_array()) {
    for (auto& row : *rows) {
      auto impact = TRY(decode_impact(row, live));
      impacts.push_back(std::move(impact));
    }
    return impacts;
  }
  // The older form: the object alone, as it shall be.
  restore_maps(table, live);
  impacts.push_back({Effect::patch, std::move(table)});
  return impacts;
}

}  // namespace holdfast::health
