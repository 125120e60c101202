// SPDX-License-Identifier: Apache-2.0
// What stands behind the words of the API server, of Git and of pods: what to do about a refusal, and why a pod does not run. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/application.h"
#include "sync/key.h"

namespace holdfast::bootstrap {

// What to do about an object that was refused with this message; "" when the message says all that is known.
std::string refusal_fix(std::string_view message, const sync::Application& application);

// What to do about sources that could not be rendered.
std::string source_fix(std::string_view message, const sync::Application& application);

struct Trouble {
  std::string because;  // "pod shop/web-1: container main: ImagePullBackOff: …"
  std::string fix;
};

// Why a pod does not run, or is not ready; nothing when it does, or is about to.
std::optional<Trouble> pod_trouble(const Value& pod);

// What a controller says that it could not do: "exceeded quota: …"; "" when nothing.
std::string controller_trouble(const Value& workload);

// Those of `pods` that are the object's, itself, or through one of `replica_sets`.
std::vector<const Value*> pods_of(const sync::Key& key, const std::vector<Value>& pods, const std::vector<Value>& replica_sets);

}  // namespace holdfast::bootstrap
