// SPDX-License-Identifier: Apache-2.0
// What a person may ask of a live object (restart, resume, suspend), by scripts in Lua: discovery
// says which actions it has, an action returns the objects to write. It decides and writes nothing.
// Mirrors argoproj/argo-cd 3.6 util/lua/lua.go.
#pragma once

#include "health/lua.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::health {

// Scripts of one kind.
struct ActionScripts {
  std::string discovery;                                         // "" when there is none
  std::map<std::string, std::string, std::less<>> definitions;  // name → script
};

// What Holdfast offers by itself: restart, of what runs pods. Null for other kinds.
const ActionScripts* builtin_actions(std::string_view group_kind);

struct Action {
  std::string name, display_name, icon_class;
  bool disabled = false;
  std::vector<std::string> parameters;

  bool operator==(const Action&) const = default;
};

// Sorted by name. Refuses as run_lua does.
Result<std::vector<Action>> discover_actions(std::string_view lua, const Value& live);

enum class Effect { patch, create };

// `object` of a patch is the live object as it shall be.
struct Impact {
  Effect effect = Effect::patch;
  Value object;
};

// `parameters`: names to texts. Refuses as run_lua does, and with Code::template_execution when
// what comes back is no object and no list of {operation, resource}.
Result<std::vector<Impact>> run_action(std::string_view lua, const Value& live,
                                       const Value& parameters);

}  // namespace holdfast::health
