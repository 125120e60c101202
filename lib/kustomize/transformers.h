// SPDX-License-Identifier: Apache-2.0
// The transformers that write one thing in many places: names, namespaces, labels, annotations,
// images, replicas. Each is a function over all resources of a layer. None knows the kustomization
// file. Upstream: kustomize v5.8.1, api/internal/builtins and api/filters.
#pragma once

#include "base/result.h"
#include "kustomize/kustomization.h"
#include "kustomize/resource_set.h"

#include <string>
#include <string_view>

namespace holdfast::kustomize {

Result<> add_prefix(ResourceSet& resources, const std::string& prefix, const FieldSpecs& specs);
Result<> add_suffix(ResourceSet& resources, const std::string& suffix, const FieldSpecs& specs);

enum class Subjects { named_default, all_service_accounts, none };
enum class Overwrite { always, unset_only };

struct NamespaceChange {
  std::string space;
  const FieldSpecs& specs;
  Subjects subjects = Subjects::named_default;
  Overwrite overwrite = Overwrite::always;
};

Result<> set_namespaces(ResourceSet& resources, const NamespaceChange& change);
// Of one resource, as a ValueAddTransformer does it: its earlier ids do not hold the one before.
Result<> set_namespace_field(Resource& resource, const NamespaceChange& change);

// Labels and annotations alike: each pair into each map that the specs name.
Result<> set_pairs(ResourceSet& resources, const Texts& pairs, const FieldSpecs& specs);

Result<> set_images(ResourceSet& resources, const Image& image, const FieldSpecs& specs);
// Refuses with Code::kustomize_target when no resource has that name.
Result<> set_replicas(ResourceSet& resources, const Replica& replica, const FieldSpecs& specs);

// Names of generated resources get the hash of their content.
Result<> add_hashes(ResourceSet& resources);

// By sortOptions; refuses with Code::kustomization when they contradict themselves.
Result<> sort_resources(ResourceSet& resources, const SortOptions& options);

}  // namespace holdfast::kustomize
