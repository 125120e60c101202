// SPDX-License-Identifier: Apache-2.0
// Health scripts in Lua, as argocd-cm holds them: global `obj`, a table {status, message} comes
// back. Every run has a fresh state without I/O, a limit on steps and one on memory. Thread-safe.
// Mirrors argoproj/argo-cd 3.6 util/lua/lua.go; Lua 5.4 with the names of 5.1 that scripts use.
#pragma once

#include "base/result.h"
#include "health/health.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::health {

struct Script {
  std::string group_kind;  // "argoproj.io_Application", "ConfigMap"; * matches anything
  std::string lua;
};

struct ScriptLimits {
  // A step is one VM instruction; upstream's limit is one second, some 50 million of them.
  int instructions = 50'000'000;
  std::size_t memory_bytes = std::size_t{64} << 20;
};

// Refuses with Code::limit or Code::template_execution (the script's own words).
Result<std::optional<Health>> run_script(std::string_view lua, const Value& live,
                                         const ScriptLimits& limits = {});

class Assessor {
 public:
  Assessor() = default;
  explicit Assessor(std::vector<Script> scripts);

  // A script for the kind first, then the built-in rule. A script that cannot run gives Unknown
  // with its words. Nothing when the kind has no health.
  [[nodiscard]] std::optional<Health> assess(const Value& live) const;

 private:
  [[nodiscard]] const Script* find(std::string_view group_kind) const;

  std::vector<Script> exact_, wild_;
};

}  // namespace holdfast::health
