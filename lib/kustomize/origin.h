// SPDX-License-Identifier: Apache-2.0
// The annotations of `buildMetadata`: where a resource came from and what changed it.
// It does not know when they are wanted.
// Upstream: kustomize v5.8.1, api/resource/origin.go.
#pragma once

#include "kustomize/resource_set.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::kustomize {

Origin origin_of_file(std::string_view path);
// Built-in transformers and generators have the api version "builtin".
Origin origin_of_plugin(std::string configured_in, std::string_view kind);
Origin origin_of_plugin(const Resource& config);

// A generator's origin for those resources that have none.
void mark_made(ResourceSet& resources, const Origin& origin);
// A transformer touched everything; what has no origin was made by it.
void mark_changed(ResourceSet& resources, const Origin& origin);

std::string print_origin(const Origin& origin);
std::string print_transformations(const std::vector<Origin>& transformations);

// What such annotations say; nothing of what they cannot say.
Origin read_origin(std::string_view text);
std::vector<Origin> read_transformations(std::string_view text);

}  // namespace holdfast::kustomize
