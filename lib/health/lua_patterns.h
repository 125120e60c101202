// SPDX-License-Identifier: Apache-2.0
// Inside this module: string.find, match, gmatch and gsub as Lua 5.4 has them, with matching that a script's steps pay.
#pragma once

struct lua_State;

namespace holdfast::health {

// Takes the place of the library's own. Requires: the global `string` is there.
void open_patterns(lua_State* state);

}  // namespace holdfast::health
