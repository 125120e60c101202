// SPDX-License-Identifier: Apache-2.0
#include "health/lua.h"

#include "base/handle.h"
#include "health/lua_budget.h"
#include "health/lua_patterns.h"

#include <time.h>

#include <cmath>
#include <cstdlib>
#include <utility>

extern "C" {
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
}

namespace holdfast::health {
namespace {

// Few, because one instruction may compare two texts of the largest size.
constexpr int hook_interval = 100;
constexpr int depth_max = 100;
// Filling so many bytes takes about as long as an instruction.
constexpr std::size_t bytes_per_instruction = 64;

void* allocate(void* context, void* block, std::size_t before, std::size_t after) {
  auto* budget = static_cast<Budget*>(context);
  const std::size_t had = block == nullptr ? 0 : before;
  if (after == 0) {
    budget->bytes -= had;
    std::free(block);
    return nullptr;
  }
  if (budget->bytes - had + after > budget->bytes_max) return nullptr;
  if (after > had && after > budget->block_bytes_max) return nullptr;
  if (after > had) budget->instructions -= static_cast<std::int64_t>(after / bytes_per_instruction);
  void* grown = std::realloc(block, after);
  if (grown != nullptr) budget->bytes += after - had;
  return grown;
}

std::int64_t cpu_now() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

void count(lua_State* state, lua_Debug*) {
  Budget& budget = budget_of(state);
  budget.instructions -= hook_interval;
  if (budget.instructions < 0) end_script(state, "the limit on steps was exceeded");
  if (cpu_now() > budget.cpu_end) end_script(state, "the limit on time was exceeded");
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
  open_patterns(state);
  open_safe_os(state);
  for (const char* name : {"dofile", "loadfile", "collectgarbage", "print"}) {
    lua_pushnil(state);
    lua_setglobal(state, name);
  }
}

// Names of Lua 5.1 that upstream's scripts use, and what a script must not have: chunks of bytecode, which the VM does
// not check, and finalizers, in which the hook that counts steps is off. Then what one call could take without end:
// repeating nothing, tables that only their metatables make long, sorting (each comparison is an instruction of the
// script's), long formats of dates and long chunks. What Lua 5.1 has not, and upstream's scripts cannot use, is left out.
constexpr char shim[] = R"(
table.getn = function(t) return #t end
math.pow = function(a, b) return a ^ b end
require = function(name) if name == 'os' then return os end return _G[name] end
for _, name in ipairs({'dump', 'pack', 'packsize', 'unpack'}) do string[name] = nil end
table.move = nil
local load_any, set, get, meta_of = load, setmetatable, rawget, getmetatable
load = function(chunk, name, mode, ...)
  if type(chunk) ~= 'string' or #chunk > 65536 then error('a chunk is a text of at most 64 KiB') end
  return load_any(chunk, name, 't', ...)
end
loadstring = load
local rep, sort, date = string.rep, table.sort, os.date
string.rep = function(text, count, between)
  if rep(text, 1) == '' and (between == nil or rep(between, 1) == '') then return '' end
  return rep(text, count, between)
end
os.date = function(format, time)
  if format ~= nil and #format > 256 then error('the format of a date is too long') end
  return date(format, time)
end
local function plain(list)
  if meta_of(list) ~= nil then error('a table with a metatable is no list here') end
end
for _, name in ipairs({'insert', 'remove', 'concat', 'unpack'}) do
  local own = table[name]
  table[name] = function(list, ...)
    plain(list)
    return own(list, ...)
  end
end
unpack = table.unpack
table.sort = function(list, before)
  plain(list)
  return sort(list, before and function(a, b) return before(a, b) end or function(a, b) return a < b end)
end
setmetatable = function(value, meta)
  if meta ~= nil and get(meta, '__gc') ~= nil then error('finalizers are not available') end
  return set(value, meta)
end
)";

struct Job {
  const ScriptInput* input;
};

// Runs protected: everything that allocates or runs the script's code may raise. Returns what the
// script returned.
int run_job(lua_State* state) {
  const ScriptInput& input = *static_cast<const Job*>(lua_touserdata(state, 1))->input;
  open_libraries(state);
  lua_settop(state, 1);
  if (luaL_dostring(state, shim) != 0) return lua_error(state);
  push(state, input.live, 0);
  lua_setglobal(state, "obj");
  const Value none = Object{};
  push(state, input.parameters == nullptr ? none : *input.parameters, 0);
  lua_setglobal(state, "actionParams");
  lua_settop(state, 1);
  if (luaL_loadbufferx(state, input.lua.data(), input.lua.size(), "script", "t") != 0)
    return lua_error(state);
  lua_call(state, 0, 1);
  return 1;
}

// Reads what a script returned, past metatables, which are the script's; nothing here allocates in
// Lua, so nothing raises.
class TableReader {
 public:
  TableReader(lua_State* state, const ScriptLimits& limits)
      : state_(state), nodes_(limits.nodes), bytes_(limits.result_bytes) {}

  // Of the value on top of the stack, which stays there.
  Result<Value> read(int depth) {
    if (depth > depth_max || nodes_ == 0 || lua_checkstack(state_, 4) == 0)
      return failure(Code::limit, "a script returned a table that is too large or holds itself");
    --nodes_;
    switch (lua_type(state_, -1)) {
      case LUA_TNIL: return Value();
      case LUA_TBOOLEAN: return Value(lua_toboolean(state_, -1) != 0);
      case LUA_TNUMBER: return read_number();
      case LUA_TSTRING: return read_text();
      case LUA_TTABLE: return read_table(depth);
      default:
        return failure(Code::template_execution, "a script returned a table that holds a {}",
                       luaL_typename(state_, -1));
    }
  }

 private:
  // JSON knows one kind of number: a real without a fraction is an integer.
  [[nodiscard]] Value read_number() const {
    if (lua_isinteger(state_, -1) != 0) return {std::int64_t{lua_tointeger(state_, -1)}};
    constexpr double exact = 9007199254740992.0;
    const double real = lua_tonumber(state_, -1);
    if (std::trunc(real) == real && std::abs(real) <= exact)
      return {static_cast<std::int64_t>(real)};
    return {real};
  }

  Result<Value> read_text() {
    std::size_t size = 0;
    const char* text = lua_tolstring(state_, -1, &size);
    if (size > bytes_) return failure(Code::limit, "a script returned more text than is read");
    bytes_ -= size;
    return Value(std::string_view(text, size));
  }

  // Lua has one kind of table: with a first key that is a number it is a list, and an empty one is.
  Result<Value> read_table(int depth) {
    lua_pushnil(state_);
    if (lua_next(state_, -2) == 0) return Value(Array{});
    const bool list = lua_type(state_, -2) == LUA_TNUMBER;
    lua_pop(state_, 2);
    return list ? read_list(depth) : read_map(depth);
  }

  Result<Value> read_list(int depth) {
    Array list;
    const auto size = lua_rawlen(state_, -1);
    for (lua_Unsigned i = 1; i <= size; ++i) {
      lua_rawgeti(state_, -1, static_cast<lua_Integer>(i));
      Value value = TRY(read(depth + 1));
      list.push_back(std::move(value));
      lua_pop(state_, 1);
    }
    std::size_t members = 0;
    lua_pushnil(state_);
    while (lua_next(state_, -2) != 0) {
      ++members;
      lua_pop(state_, 1);
    }
    if (members == list.size()) return Value(std::move(list));
    return failure(Code::template_execution, "a script returned a list with other keys or holes");
  }

  Result<Value> read_map(int depth) {
    Object map;
    lua_pushnil(state_);
    while (lua_next(state_, -2) != 0) {
      if (lua_type(state_, -2) != LUA_TSTRING)
        return failure(Code::template_execution, "a script returned a table with mixed keys");
      Value value = TRY(read(depth + 1));
      std::size_t size = 0;
      const char* key = lua_tolstring(state_, -2, &size);
      map.append(std::string(key, size), std::move(value));
      lua_pop(state_, 1);
    }
    map.sort();
    return Value(std::move(map));
  }

  lua_State* state_;
  std::size_t nodes_, bytes_;
};

}  // namespace

Budget& budget_of(lua_State* state) {
  void* context = nullptr;
  lua_getallocf(state, &context);
  return *static_cast<Budget*>(context);
}

void end_script(lua_State* state, const char* because) {
  // From here every instruction raises, so that a script cannot outlive its limit inside pcall.
  budget_of(state).instructions = -1;
  lua_sethook(state, count, LUA_MASKCOUNT, 1);
  luaL_error(state, "%s", because);
  std::unreachable();
}

Result<Value> run_lua(const ScriptInput& input, const ScriptLimits& limits) {
  if (input.lua.size() > limits.script_bytes) return failure(Code::limit, "a script is larger than {} bytes", limits.script_bytes);
  Budget budget{.bytes_max = limits.memory_bytes,
                .block_bytes_max = limits.block_bytes,
                .instructions = limits.instructions,
                .cpu_end = cpu_now() + limits.cpu.count()};
  const Handle<lua_State, lua_close> handle(lua_newstate(allocate, &budget));
  lua_State* state = handle.get();
  if (state == nullptr) return failure(Code::limit, "a script has no memory to start");
  lua_sethook(state, count, LUA_MASKCOUNT, hook_interval);
  Job job{&input};
  lua_pushcfunction(state, run_job);
  lua_pushlightuserdata(state, &job);
  if (lua_pcall(state, 1, 1, 0) != 0) {
    const char* text = lua_type(state, -1) == LUA_TSTRING ? lua_tostring(state, -1) : nullptr;
    return failure(Error(Code::template_execution, "the script ended early")
                       .because(text == nullptr ? "no message" : text));
  }
  if (lua_isnil(state, -1)) return Value();
  if (!lua_istable(state, -1)) {
    return failure(Code::template_execution, "expect table output from Lua script, not {}",
                   luaL_typename(state, -1));
  }
  return TableReader(state, limits).read(0);
}

}  // namespace holdfast::health
