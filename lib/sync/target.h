// SPDX-License-Identifier: Apache-2.0
// Manifests become targets of one Application: namespace, tracking metadata, duplicates, hooks apart.
// Pure; what it must know of kinds is an argument. It does not know Git, rendering or live objects.
// Mirrors argoproj/argo-cd 3.6 controller/state.go: getRepoObjs, DeduplicateTargetObjects, and
// gitops-engine/pkg/sync/reconcile.go: splitHooks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/hook.h"
#include "sync/key.h"
#include "sync/project.h"
#include "sync/tracking.h"
#include "value/packed.h"

namespace holdfast::sync {

struct Target {
  Key key;
  std::string version;
  std::shared_ptr<const Value> object;
  std::uint64_t hash = 0;  // of the whole object
  int wave = 0;
  Hook hook;
  bool namespaced = true;
};

struct Targets {
  std::vector<Target> objects;  // sorted by key; hooks apart, Skip objects among them
  std::vector<Target> hooks;    // in the order of Git; a generateName has an empty name in its key
  std::vector<Condition> conditions;
  std::map<std::pair<std::string, std::string>, Scope> scopes;  // of each group and kind, as they were taken
};

// Targets at rest: their objects packed.
class PackedTargets {
 public:
  explicit PackedTargets(const Targets& targets);
  [[nodiscard]] Targets unpack() const;

 private:
  Targets bare_;  // without their objects
  std::vector<Packed> objects_, hooks_;
};

// How a kind is scoped; nothing when the cluster does not serve its group and kind in any version.
using FindScope = std::function<std::optional<Scope>(std::string_view group, std::string_view kind)>;
using IsExcluded = std::function<bool(std::string_view group, std::string_view kind)>;

struct AdoptOptions {
  std::string application;  // the name that tracking writes
  std::string namespace_;   // the destination's
  Tracking tracking;
  FindScope scope;
  IsExcluded excluded;
};

Targets adopt(const AdoptOptions& options, std::vector<Value> manifests);

// Are all kinds scoped as they were taken? A kind that nobody served then was taken for namespaced; where it is not, the
// targets name objects that cannot be, and those that are look like what Git does not have.
bool scopes_hold(const Targets& targets, const FindScope& scope);

std::uint64_t hash_of(const Value& value);

}  // namespace holdfast::sync
