// SPDX-License-Identifier: Apache-2.0
// Which Application an object belongs to, by annotation, by label or by both. Pure.
// Mirrors argoproj/argo-cd 3.6 util/argo/resource_tracking.go.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sync/key.h"

namespace holdfast::sync {

enum class TrackingMethod { annotation, label, annotation_and_label };

struct Tracking {
  TrackingMethod method = TrackingMethod::annotation;
  std::string label = "app.kubernetes.io/instance";
  std::string installation_id;
};

struct TrackingId {
  std::string application;
  Key key;

  bool operator==(const TrackingId&) const = default;
};

// "<application>:<group>/<kind>:<namespace>/<name>"; nothing when it has another shape.
std::optional<TrackingId> parse_tracking_id(std::string_view text);
std::string to_string(const TrackingId& id);

// The name of the Application that the object says it belongs to, "" for none (or another
// installation's).
std::string owner_of(const Value& object, const Tracking& tracking);

// Writes the metadata into a target. CRDs carry none.
// `namespace_`: the destination's, which the id of a cluster-scoped object carries.
void track(Value& object, std::string_view application, std::string_view namespace_,
           const Tracking& tracking);

// An id counts only on the object that it names; elsewhere a controller copied it.
bool names_itself(const Value& live, const Value* target, const Tracking& tracking);

}  // namespace holdfast::sync
