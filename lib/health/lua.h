// SPDX-License-Identifier: Apache-2.0
// One run of a script: globals in, one table out. Every run has a fresh state without I/O, and limits on steps,
// memory and time that hold inside the library's functions, too: what a script calls either takes a time that its
// arguments' size bounds, or counts its own steps, or is not there. Thread-safe. It does not know health or actions.
// Mirrors argoproj/argo-cd 3.6 util/lua/lua.go, which runs Lua 5.1; here Lua 5.4 with the names of
// 5.1 that scripts use.
#pragma once

#include "base/clock.h"
#include "value/value.h"

#include <cstddef>
#include <string_view>

namespace holdfast::health {

struct ScriptLimits {
  // A step is one VM instruction, or one character that a pattern is tried on; upstream's limit is one second, some 50
  // million of them.
  int instructions = 50'000'000;
  Duration cpu = std::chrono::seconds(1);  // of the thread that runs it
  std::size_t memory_bytes = std::size_t{64} << 20;
  std::size_t block_bytes = std::size_t{2} << 20;  // of one text or table; an object of the API server is smaller
  std::size_t script_bytes = std::size_t{256} << 10;
  // Of the table that comes back, shared tables counted each time.
  std::size_t nodes = 500'000;
  std::size_t result_bytes = std::size_t{8} << 20;
};

struct ScriptInput {
  std::string_view lua;
  const Value& live;                   // global obj
  const Value* parameters = nullptr;  // global actionParams; null: an empty table
};

// The table that the script returns, an empty one as an empty array; null when it returns nothing.
// Refuses with Code::limit or Code::template_execution (the script's own words).
Result<Value> run_lua(const ScriptInput& input, const ScriptLimits& limits = {});

}  // namespace holdfast::health
