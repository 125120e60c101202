// SPDX-License-Identifier: Apache-2.0
// ConfigMaps and Secrets from literals, files and env files, and the hash that their names get.
// It does not know the rest of the build.
// Upstream: kustomize v5.8.1, api/kv, api/internal/generators, api/hasher.
#pragma once

#include "base/result.h"
#include "kustomize/entry.h"
#include "kustomize/kustomization.h"
#include "kustomize/loader.h"
#include "kustomize/resource.h"

#include <string>

namespace holdfast::kustomize {

// The file's options below the generator's own.
GeneratorOptions combined(const std::optional<GeneratorOptions>& own,
                          const std::optional<GeneratorOptions>& general);

enum class Made { config_map, secret };

// `generator.options` already combined. Refuses with Code::kustomization or a code of reading
// files.
// `entry` is where the generator stands, for messages.
Result<Resource> generate(Made kind, const Generator& generator, const Loader& loader,
                          const Entry& entry);

// Ten letters from the SHA-256 of kind and data; the name is not part of it.
std::string content_hash(const Value& object);

}  // namespace holdfast::kustomize
