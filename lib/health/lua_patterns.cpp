// SPDX-License-Identifier: Apache-2.0
#include "health/lua_patterns.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "health/lua_budget.h"
#include "health/pattern.h"

extern "C" {
#include <lauxlib.h>
#include <lua.h>
}

// Lua's errors jump out of these functions, so whatever lives in one of them is trivially destructible.
namespace holdfast::health {
namespace {

static_assert(std::is_trivially_destructible_v<PatternMatch>);

using Outcome = PatternMatch::Outcome;

std::string_view text_at(lua_State* state, int index) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(state, index, &size);
  return {text, size};
}

// False where there is no match.
bool judge(lua_State* state, const PatternMatch& match, Outcome outcome) {
  if (outcome == Outcome::wrong) luaL_error(state, "%s", match.problem());
  if (outcome == Outcome::exhausted) end_script(state, "the limit on steps was exceeded");
  return outcome == Outcome::matched;
}

// Where a search begins that is asked for from the `given`-th character on, or the `-given`-th from the end.
std::size_t offset_of(lua_Integer given, std::size_t size) {
  if (given > 0) return static_cast<std::size_t>(given) - 1;
  if (given == 0 || given < -static_cast<lua_Integer>(size)) return 0;
  return size - static_cast<std::size_t>(-given);
}

void push_capture(lua_State* state, const PatternMatch& match, std::string_view text, std::size_t index) {
  const auto& capture = match.capture(index);
  if (capture.position) {
    lua_pushinteger(state, static_cast<lua_Integer>(capture.begin) + 1);
  } else {
    lua_pushlstring(state, text.data() + capture.begin, capture.size);
  }
}

void push_whole(lua_State* state, const PatternMatch& match, std::string_view text) {
  lua_pushlstring(state, text.data() + match.begin(), match.end() - match.begin());
}

enum class Otherwise { nothing, whole };

// Returns how many.
int push_captures(lua_State* state, const PatternMatch& match, std::string_view text, Otherwise otherwise) {
  luaL_checkstack(state, static_cast<int>(match.captures()) + 1, "captures");
  for (std::size_t i = 0; i < match.captures(); ++i) push_capture(state, match, text, i);
  if (match.captures() > 0 || otherwise == Otherwise::nothing) return static_cast<int>(match.captures());
  push_whole(state, match, text);
  return 1;
}

int find_plain(lua_State* state, std::string_view text, std::string_view wanted, std::size_t begin) {
  const void* found = wanted.empty() ? text.data() + begin : ::memmem(text.data() + begin, text.size() - begin, wanted.data(), wanted.size());
  if (found == nullptr) {
    lua_pushnil(state);
    return 1;
  }
  const auto at = static_cast<const char*>(found) - text.data();
  lua_pushinteger(state, at + 1);
  lua_pushinteger(state, at + static_cast<lua_Integer>(wanted.size()));
  return 2;
}

bool take_anchor(std::string_view& pattern) {
  const bool anchored = pattern.starts_with('^');
  if (anchored) pattern.remove_prefix(1);
  return anchored;
}

enum class Wants { place, captures };

int search(lua_State* state, Wants wants) {
  const auto text = text_at(state, 1);
  auto pattern = text_at(state, 2);
  const auto begin = offset_of(luaL_optinteger(state, 3, 1), text.size());
  if (begin > text.size()) {
    lua_pushnil(state);
    return 1;
  }
  const bool plain = lua_toboolean(state, 4) != 0 || pattern.find_first_of("^$*+?.([%-") == std::string_view::npos;
  if (wants == Wants::place && plain) return find_plain(state, text, pattern, begin);
  const bool anchored = take_anchor(pattern);
  PatternMatch match(text, pattern, budget_of(state).instructions);
  if (!judge(state, match, anchored ? match.at(begin) : match.from(begin))) {
    lua_pushnil(state);
    return 1;
  }
  if (wants == Wants::captures) return push_captures(state, match, text, Otherwise::whole);
  lua_pushinteger(state, static_cast<lua_Integer>(match.begin()) + 1);
  lua_pushinteger(state, static_cast<lua_Integer>(match.end()));
  return 2 + push_captures(state, match, text, Otherwise::nothing);
}

int find(lua_State* state) { return search(state, Wants::place); }
int match(lua_State* state) { return search(state, Wants::captures); }

// Upvalues: the text, the pattern, where the next search begins, and where the last match ended (-1: nowhere).
int next_match(lua_State* state) {
  const auto text = text_at(state, lua_upvalueindex(1)), pattern = text_at(state, lua_upvalueindex(2));
  const lua_Integer last = lua_tointeger(state, lua_upvalueindex(4));
  PatternMatch match(text, pattern, budget_of(state).instructions);
  for (auto begin = static_cast<std::size_t>(lua_tointeger(state, lua_upvalueindex(3))); begin <= text.size(); ++begin) {
    if (!judge(state, match, match.from(begin))) return 0;
    begin = match.begin();
    const auto end = static_cast<lua_Integer>(match.end());
    if (end == last) continue;  // an empty match at the end of the one before
    lua_pushinteger(state, end);
    lua_copy(state, -1, lua_upvalueindex(3));
    lua_replace(state, lua_upvalueindex(4));
    return push_captures(state, match, text, Otherwise::whole);
  }
  return 0;
}

int gmatch(lua_State* state) {
  const auto text = text_at(state, 1);
  text_at(state, 2);
  const auto begin = offset_of(luaL_optinteger(state, 3, 1), text.size());
  lua_settop(state, 2);
  lua_pushinteger(state, static_cast<lua_Integer>(begin));
  lua_pushinteger(state, -1);
  lua_pushcclosure(state, next_match, 4);
  return 1;
}

// "%1", "%0" and "%%" in a text that takes the place of a match.
void add_template(lua_State* state, luaL_Buffer& out, const PatternMatch& match, std::string_view text, std::string_view with) {
  while (!with.empty()) {
    const auto mark = std::min(with.find('%'), with.size());
    luaL_addlstring(&out, with.data(), mark);
    with.remove_prefix(mark);
    if (with.empty()) return;
    const char what = with.size() > 1 ? with[1] : '\0';
    const auto index = static_cast<std::size_t>(what - '1');
    if (what == '%') {
      luaL_addchar(&out, '%');
    } else if (what == '0' || (what == '1' && match.captures() == 0)) {
      luaL_addlstring(&out, text.data() + match.begin(), match.end() - match.begin());
    } else if (what >= '1' && what <= '9' && index < match.captures()) {
      push_capture(state, match, text, index);
      luaL_tolstring(state, -1, nullptr);
      lua_remove(state, -2);
      luaL_addvalue(&out);
    } else {
      luaL_error(state, "'%%' of the replacement is followed by neither a capture nor '%%'");
    }
    with.remove_prefix(2);
  }
}

// What takes the place of the match: adds it to `out`.
void add_replacement(lua_State* state, luaL_Buffer& out, const PatternMatch& match, std::string_view text) {
  const int type = lua_type(state, 3);
  if (type == LUA_TSTRING || type == LUA_TNUMBER) return add_template(state, out, match, text, text_at(state, 3));
  if (type == LUA_TTABLE) {
    if (match.captures() > 0) push_capture(state, match, text, 0);
    if (match.captures() == 0) push_whole(state, match, text);
    lua_gettable(state, 3);
  } else {
    lua_pushvalue(state, 3);
    lua_call(state, push_captures(state, match, text, Otherwise::whole), 1);
  }
  if (lua_toboolean(state, -1) == 0) {
    lua_pop(state, 1);
    luaL_addlstring(&out, text.data() + match.begin(), match.end() - match.begin());
  } else if (lua_isstring(state, -1) == 0) {
    luaL_error(state, "the replacement is a %s", luaL_typename(state, -1));
  } else {
    luaL_addvalue(&out);
  }
}

int gsub(lua_State* state) {
  const auto text = text_at(state, 1);
  auto pattern = text_at(state, 2);
  const int type = lua_type(state, 3);
  const bool usable = type == LUA_TSTRING || type == LUA_TNUMBER || type == LUA_TTABLE || type == LUA_TFUNCTION;
  luaL_argexpected(state, usable, 3, "string/function/table");
  const auto most = luaL_optinteger(state, 4, static_cast<lua_Integer>(text.size()) + 1);
  const bool anchored = take_anchor(pattern);
  PatternMatch match(text, pattern, budget_of(state).instructions);
  luaL_Buffer out;
  luaL_buffinit(state, &out);
  std::size_t begin = 0, last = static_cast<std::size_t>(-1);
  lua_Integer count = 0;
  while (count < most) {
    if (judge(state, match, match.at(begin)) && match.end() != last) {
      ++count;
      add_replacement(state, out, match, text);
      begin = last = match.end();
    } else if (begin < text.size()) {
      luaL_addchar(&out, text[begin]);
      ++begin;
    } else {
      break;
    }
    if (anchored) break;
  }
  if (begin < text.size()) luaL_addlstring(&out, text.data() + begin, text.size() - begin);
  luaL_pushresult(&out);
  lua_pushinteger(state, count);
  return 2;
}

}  // namespace

void open_patterns(lua_State* state) {
  lua_getglobal(state, "string");
  const luaL_Reg functions[] = {{"find", find}, {"match", match}, {"gmatch", gmatch}, {"gsub", gsub}, {nullptr, nullptr}};
  luaL_setfuncs(state, functions, 0);
  lua_pop(state, 1);
}

}  // namespace holdfast::health
