// SPDX-License-Identifier: Apache-2.0
// What Git wants, pinned: revisions become commits, commits become targets. After this nobody asks
// Git again in the same pass. Rows 5, 7, 8 and 9 of the walk.
#pragma once

#include <string>
#include <vector>

#include "agent/context.h"
#include "sync/application.h"
#include "sync/operation.h"

namespace holdfast::agent {

struct Wanted {
  std::vector<sync::Source> sources;
  std::vector<std::string> revisions;  // "" or absent: the source's targetRevision
  std::string look;                    // the name of the errands' Look
};

enum class Freshness {
  remembered,  // a listing of the refs from the last resync period may answer
  now,         // ask the server
};

struct PinInput {
  const sync::Application& application;
  const Configuration& configuration;
  const Wanted& wanted;
  Freshness freshness = Freshness::remembered;
  const std::optional<Rendered>& before;  // taken over when the commits are the same
};

// Refuses with whatever Git or the renderer says; the message is the one that a condition shows. Or with
// Code::answer_awaited: the asker's key comes back by itself.
Result<Rendered> pin(Context& context, const PinInput& input);

// Are the kinds of what was rendered scoped as they were then? Otherwise it is rendered anew before anybody acts on it.
bool scopes_hold(Context& context, const Rendered& rendered);

// Do commits after these hold anything that the Application says it is made of? Refuses as pin(). Upstream:
// UpdateRevisionForPaths.
Result<bool> is_touched(Context& context, const PinInput& input, const std::vector<std::string>& before,
                        const std::vector<std::string>& revisions);

// An operation may bring its manifests along.
Result<Rendered> pin_manifests(Context& context, const PinInput& input, const sync::Operation& operation);

// What an Application's manifests come from, beside commits and settings.
Value question_of(const sync::Application& application, const std::vector<sync::Source>& sources);

Wanted wanted_by_spec(const sync::Application& application);
Wanted wanted_by_operation(const sync::Application& application, const sync::Operation& operation,
                           const sync::OperationState& state);

}  // namespace holdfast::agent
