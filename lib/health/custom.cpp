// SPDX-License-Identifier: Apache-2.0
#include "health/custom.h"

#include "base/handle.h"

#include <algorithm>
#include <cstdlib>

extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
}

namespace holdfast::health {
namespace {

constexpr int hook_interval = 10'000;
constexpr int depth_max = 100;

struct Budget {
  std::size_t bytes = 0, bytes_max = 0;
  int instructions = 0;
};

void* allocate(void* context, void* block, std::size_t before, std::size_t after) {
  auto* budget = static_cast<Budget*>(context);
  const std::size_t had = block == nullptr ? 0 : before;
  if (after == 0) {
    budget->bytes -= had;
    std::free(block);
    return nullptr;
  }
  if (budget->bytes - had + after > budget->bytes_max) return nullptr;
  void* grown = std::realloc(block, after);
  if (grown != nullptr) budget->bytes += after - had;
  return grown;
}

void count(lua_State* state, lua_Debug*) {
  void* context = nullptr;
  lua_getallocf(state, &context);
  auto* budget = static_cast<Budget*>(context);
  budget->instructions -= hook_interval;
  if (budget->instructions >= 0) return;
  // From here every instruction raises, so that a script cannot outlive its limit inside pcall.
  lua_sethook(state, count, LUA_MASKCOUNT, 1);
  luaL_error(state, "the limit on steps was exceeded");
}

void push(lua_State* state, const Value& value, int depth);

void push_table(lua_State* state, const Value& value, int depth) {
  lua_newtable(state);
  if (const auto* array = value.as_array()) {
    lua_Integer index = 1;
    for (const auto& each : *array) {
      push(state, each, depth + 1);
      lua_rawseti(state, -2, index++);
    }
    return;
  }
  for (const auto& [key, member] : *value.as_object()) {
    lua_pushlstring(state, key.data(), key.size());
    push(state, member, depth + 1);
    lua_rawset(state, -3);
  }
}

void push(lua_State* state, const Value& value, int depth) {
  luaL_checkstack(state, 4, "document");
  if (depth > depth_max) {
    lua_pushnil(state);
    return;
  }
  switch (value.kind()) {
    case Value::Kind::null: lua_pushnil(state); return;
    case Value::Kind::boolean: lua_pushboolean(state, *value.as_bool() ? 1 : 0); return;
    case Value::Kind::integer: lua_pushinteger(state, *value.as_int()); return;
    case Value::Kind::unsigned_integer:
      lua_pushnumber(state, static_cast<double>(*value.as_uint()));
      return;
    case Value::Kind::real: lua_pushnumber(state, *value.as_real()); return;
    case Value::Kind::string:
      lua_pushlstring(state, value.as_string()->data(), value.as_string()->size());
      return;
    case Value::Kind::array:
    case Value::Kind::object: push_table(state, value, depth); return;
  }
}

// `os` without anything but the clock: scripts compare times.
int open_safe_os(lua_State* state) {
  luaL_requiref(state, "os", luaopen_os, 0);
  lua_newtable(state);
  for (const char* name : {"time", "date", "difftime", "clock"}) {
    lua_getfield(state, -2, name);
    lua_setfield(state, -2, name);
  }
  lua_setglobal(state, "os");
  lua_pop(state, 1);
  return 0;
}

void open_libraries(lua_State* state) {
  luaL_requiref(state, "_G", luaopen_base, 1);
  luaL_requiref(state, "table", luaopen_table, 1);
  luaL_requiref(state, "string", luaopen_string, 1);
  luaL_requiref(state, "math", luaopen_math, 1);
  lua_settop(state, 1);
  open_safe_os(state);
  for (const char* name : {"dofile", "loadfile", "collectgarbage", "print"}) {
    lua_pushnil(state);
    lua_setglobal(state, name);
  }
}

// Names of Lua 5.1 that upstream's scripts use, and what a script must not have: chunks of
// bytecode, which the VM does not check, and finalizers, in which the hook that counts steps is
// off.
constexpr char shim[] = R"(
table.getn = function(t) return #t end
unpack = table.unpack
math.pow = function(a, b) return a ^ b end
require = function(name) if name == 'os' then return os end return _G[name] end
string.dump = nil
local load_any, set, get = load, setmetatable, rawget
load = function(chunk, name, mode, ...) return load_any(chunk, name, 't', ...) end
loadstring = load
setmetatable = function(value, meta)
  if meta ~= nil and get(meta, '__gc') ~= nil then error('finalizers are not available') end
  return set(value, meta)
end
)";

struct Job {
  const Value* live;
  std::string_view lua;
};

// Leaves the member as text or nil, past metatables, which are the script's.
void push_member(lua_State* state, const char* name) {
  lua_pushstring(state, name);
  lua_rawget(state, 2);
  if (lua_isnil(state, -1)) return;
  lua_tolstring(state, -1, nullptr);
  if (lua_isstring(state, -1)) return;
  lua_pop(state, 1);
  lua_pushnil(state);
}

// Runs protected: everything that allocates or runs the script's code may raise. Returns what the
// script returned, its status and its message.
int run_job(lua_State* state) {
  const auto* job = static_cast<const Job*>(lua_touserdata(state, 1));
  open_libraries(state);
  lua_settop(state, 1);
  if (luaL_dostring(state, shim) != 0) return lua_error(state);
  push(state, *job->live, 0);
  lua_setglobal(state, "obj");
  lua_settop(state, 1);
  if (luaL_loadbufferx(state, job->lua.data(), job->lua.size(), "health", "t") != 0)
    return lua_error(state);
  lua_call(state, 0, 1);
  if (!lua_istable(state, 2)) return 1;
  lua_pushnil(state);
  if (lua_next(state, 2) == 0) {
    lua_pushnil(state);  // an empty table is as good as nothing
    return 1;
  }
  lua_settop(state, 2);
  push_member(state, "status");
  push_member(state, "message");
  return 3;
}

// Reads run_job's results; nothing here allocates in Lua.
Result<std::optional<Health>> read_health(lua_State* state) {
  if (lua_isnil(state, 1)) return std::nullopt;
  if (!lua_istable(state, 1)) {
    return failure(Code::template_execution, "expect table output from Lua script, not {}",
                   luaL_typename(state, 1));
  }
  const auto text_at = [&](int index) {
    std::size_t size = 0;
    const char* text = lua_tolstring(state, index, &size);
    return text == nullptr ? std::string() : std::string(text, size);
  };
  const auto status = parse_status(text_at(2));
  if (!status) return Health{Status::unknown, "Lua returned an invalid health status"};
  return Health{*status, text_at(3)};
}

bool wild_match(std::string_view pattern, std::string_view text) {
  const auto star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == text;
  if (!text.starts_with(pattern.substr(0, star))) return false;
  const auto rest = pattern.substr(star + 1);
  for (std::size_t at = star; at <= text.size(); ++at) {
    if (wild_match(rest, text.substr(at))) return true;
  }
  return false;
}

}  // namespace

Result<std::optional<Health>> run_script(std::string_view lua, const Value& live,
                                         const ScriptLimits& limits) {
  Budget budget{0, limits.memory_bytes, limits.instructions};
  const Handle<lua_State, lua_close> state(lua_newstate(allocate, &budget));
  if (state == nullptr) return failure(Code::limit, "a health script has no memory to start");
  lua_sethook(state.get(), count, LUA_MASKCOUNT, hook_interval);
  Job job{&live, lua};
  lua_pushcfunction(state.get(), run_job);
  lua_pushlightuserdata(state.get(), &job);
  if (lua_pcall(state.get(), 1, LUA_MULTRET, 0) != 0) {
    const char* text =
        lua_type(state.get(), -1) == LUA_TSTRING ? lua_tostring(state.get(), -1) : nullptr;
    return failure(Error(Code::template_execution, "the health script ended early")
                       .because(text == nullptr ? "no message" : text));
  }
  return read_health(state.get());
}

Assessor::Assessor(std::vector<Script> scripts) {
  for (auto& script : scripts) {
    auto& list = script.group_kind.find('*') == std::string::npos ? exact_ : wild_;
    list.push_back(std::move(script));
  }
}

const Script* Assessor::find(std::string_view group_kind) const {
  for (const auto& script : exact_) {
    if (script.group_kind == group_kind) return &script;
  }
  for (const auto& script : wild_) {
    if (wild_match(script.group_kind, group_kind)) return &script;
  }
  return nullptr;
}

std::optional<Health> Assessor::assess(const Value& live) const {
  if (auto pending = pending_deletion(live)) return pending;
  const auto api_version = live.text({"apiVersion"});
  const auto slash = api_version.find('/');
  std::string group_kind(live.text({"kind"}));
  if (slash != std::string_view::npos)
    group_kind = fmt::format("{}_{}", api_version.substr(0, slash), group_kind);
  const Script* script = find(group_kind);
  if (script == nullptr) return assess_builtin(live);
  auto health = run_script(script->lua, live);
  if (!health) return Health{Status::unknown, health.error().message()};
  return *health;
}

}  // namespace holdfast::health
