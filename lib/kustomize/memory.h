// SPDX-License-Identifier: Apache-2.0
// What a build remembers about a resource, in the annotations where the tool keeps it: for operations
// that see those, and for those that may take them away. It does not know the operations.
// Upstream: kustomize v5.8.1, api/internal/utils/annotations.go, api/resource/resource.go.
#pragma once

#include "kustomize/resource.h"

#include <span>
#include <string>
#include <string_view>

namespace holdfast::kustomize {

// Writes what the tool would have annotated by now: all of it, or what no JSON patch can take away,
// which is all but where the resource came from and what changed it.
void write_memory(Resource& resource);
void write_lasting_memory(Resource& resource);

// Takes it out of the annotations again: what they do not say is forgotten.
void read_memory(Resource& resource);

// Does a field path lead to annotations of the tool, or to what holds them?
bool reaches_memory(std::span<const std::string> path);

// An annotation of the tool that never leaves a build, and one that holds any of the memory.
bool is_build_annotation(std::string_view key);
bool is_memory(std::string_view key);

}  // namespace holdfast::kustomize
