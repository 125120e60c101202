// SPDX-License-Identifier: Apache-2.0
// ignoreResourceUpdates: which changes of a live object nobody has to look at. Pure.
// Mirrors argoproj/argo-cd 3.6 controller/cache/cache.go: skipResourceUpdate, hash.go: generateManifestHash.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "health/health.h"
#include "sync/ignore.h"

namespace holdfast::sync {

// Takes away what the server changes with every write.
void strip_bookkeeping(Value& object);

class Updates {
 public:
  using Assess = std::function<std::optional<health::Health>(const Value& live)>;

  // Refuses with Code::application_spec an expression that does not parse.
  static Result<Updates> make(std::vector<IgnoreRule> rules);

  // Does a rule name the kind, and did nothing change but what the rules name and the server's bookkeeping?
  // A change of the object's health, or of whether it has pods, always counts.
  [[nodiscard]] bool ignores(const Key& key, const Value& before, const Value& after, const Assess& assess) const;

 private:
  Ignore rules_;
};

}  // namespace holdfast::sync
