// SPDX-License-Identifier: Apache-2.0
// Built-in generators and transformers that are configured by a resource of their own
// (`generators`, `transformers`, `validators`). Programs and containers are refused by name.
// Upstream: kustomize v5.8.1, api/internal/plugins/loader, api/internal/builtins.
#pragma once

#include "base/result.h"
#include "kustomize/build_context.h"
#include "kustomize/loader.h"

#include <vector>

namespace holdfast::kustomize {

Result<std::vector<Resource>> run_generator(const Resource& config, const Loader& loader,
                                            BuildContext& context);
// A generator listed under `transformers` adds what it makes.
Result<> run_transformer(ResourceSet& resources, const Resource& config, const Loader& loader,
                         BuildContext& context);

}  // namespace holdfast::kustomize
