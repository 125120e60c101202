// SPDX-License-Identifier: Apache-2.0
// What GitHub's registry, Harbor and Docker Hub send to /api/webhook of an artifact that was pushed. It does not know
// who uses it.
// Mirrors argoproj/argo-cd 3.6 util/webhook/ghcr.go, harbor.go and dockerhub.go.
#pragma once

#include "agent/web/delivery.h"

#include <optional>
#include <string>
#include <vector>

namespace holdfast::agent {

struct ArtifactNotice {
  std::string repository;  // "ghcr.io/acme/charts/web", in lower case
  std::string tag;
};

enum class Registry { github, harbor, docker_hub };

// Which registry sent it; nothing when none did. Harbor and Docker Hub have to know their secret: without one they
// send nothing that is theirs.
std::optional<Registry> registry_of(const Delivery& delivery);

// Empty when no tag was pushed. Refuses with Code::forbidden (a wrong signature), or as Delivery::payload().
Result<std::vector<ArtifactNotice>> read_registry_webhook(Registry registry, const Delivery& delivery);

}  // namespace holdfast::agent
