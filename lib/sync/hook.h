// SPDX-License-Identifier: Apache-2.0
// What an object's annotations say about when it is applied: hook phases, delete policies, waves.
// Argo CD's annotations win over Helm's. Pure.
// Mirrors argoproj/argo-cd 3.6 gitops-engine/pkg/sync/hook, syncwaves and ignore.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "value/value.h"

namespace holdfast::sync {

enum class Phase { presync, sync, postsync, syncfail };
std::string_view to_string(Phase phase);  // "PreSync"
std::optional<Phase> parse_phase(std::string_view text);

struct Hook {
  bool is_hook = false;     // carries a hook annotation, known word or not
  bool skip = false;        // "Skip" alone: neither applied nor compared
  bool ignored = false;     // a Helm hook without a counterpart: as if it were not there
  bool pre_delete = false, post_delete = false;
  std::vector<Phase> phases;  // in the order of the enumerators, each once
};

Hook hook_of(const Value& object);

struct DeletePolicy {
  bool before_creation = false, succeeded = false, failed = false;
};

// BeforeHookCreation when the object names none.
DeletePolicy delete_policy_of(const Value& object);

int wave_of(const Value& object);

}  // namespace holdfast::sync
