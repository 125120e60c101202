// SPDX-License-Identifier: Apache-2.0
// Targets against the cluster: the view, the server's predictions and the comparison, with everything that
// a condition should say. Rows 6, 10 and 11 of the walk; reads the world and writes nothing.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/context.h"
#include "sync/compare.h"
#include "sync/judge.h"

namespace holdfast::agent {

struct Evaluation {
  bool ready = true;            // false: a kind's first list is on its way; the key comes back by itself
  std::map<sync::GroupKind, std::string> stale;  // kinds that may hold more than is shown, or less: see sync::View
  std::set<sync::GroupKind> unseen;              // of these those whose objects are shown as the status had them
  sync::TargetsKnown targets_known = sync::TargetsKnown::yes;
  std::vector<sync::Delta> deltas;
  sync::Live live;
  std::vector<sync::Condition> conditions;
  std::optional<std::size_t> orphans;  // where the project asks for them
};

struct EvaluateInput {
  const sync::Application& application;
  const sync::Project& project;
  const Configuration& configuration;
  const sync::Targets* targets = nullptr;  // null: rendering was not possible
};

Result<Evaluation> evaluate(Context& context, const EvaluateInput& input);

// Upstream's two texts for a kind or version that the cluster does not serve.
sync::Served find_served(Context& context, const sync::Application& application, const sync::Key& key,
                         const std::string& version);

}  // namespace holdfast::agent
