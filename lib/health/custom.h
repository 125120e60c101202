// SPDX-License-Identifier: Apache-2.0
// Health by scripts in Lua: global `obj`, a table {status, message} comes back. They come from
// argocd-cm and from a folder of upstream's layout.
// Mirrors argoproj/argo-cd 3.6 util/lua/lua.go.
#pragma once

#include "health/health.h"
#include "health/lua.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::health {

struct Script {
  std::string group_kind;  // "argoproj.io_Application", "ConfigMap"; * matches anything
  std::string lua;
};

// The name under which scripts of an object's kind are kept: "apps_Deployment", "ConfigMap".
std::string group_kind_of(const Value& live);

struct Answer {
  enum class Said { nil, table };

  Said said = Said::nil;        // nil leaves the object to the built-in rule
  std::optional<Health> health;  // of a table; an empty one has none
  std::string deletion_message;  // of an object that is being deleted, instead of the usual one
};

// Refuses with Code::limit or Code::template_execution (the script's own words).
Result<Answer> run_script(std::string_view lua, const Value& live, const ScriptLimits& limits = {});

// Scripts by kind: one of exactly that name first, then the first whose name matches.
class Scripts {
 public:
  Scripts() = default;
  explicit Scripts(std::vector<Script> scripts);

  [[nodiscard]] const std::string* find(std::string_view group_kind) const;
  [[nodiscard]] std::size_t size() const { return exact_.size() + wild_.size(); }

 private:
  std::map<std::string, std::string, std::less<>> exact_;
  std::vector<Script> wild_;
};

class Assessor {
 public:
  Assessor() = default;
  // `settings`: of argocd-cm; they win over those of `folder`, which may be null.
  explicit Assessor(std::vector<Script> settings,
                    std::shared_ptr<const Scripts> folder = nullptr);

  // A script for the kind first, then the built-in rule. A script that cannot run gives Unknown
  // with its words. An object that is being deleted is Progressing unless its script has a message of its own for
  // that. Nothing when the kind has no health.
  [[nodiscard]] std::optional<Health> assess(const Value& live) const;

 private:
  Scripts settings_;
  std::shared_ptr<const Scripts> folder_;
};

}  // namespace holdfast::health
