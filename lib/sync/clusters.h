// SPDX-License-Identifier: Apache-2.0
// What the Secrets of clusters say: how this cluster is called, and whose it is. Pure.
// Mirrors argoproj/argo-cd 3.6 util/db/cluster.go and util/argo/argo.go: GetDestinationCluster.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sync/application.h"
#include "sync/names.h"
#include "value/value.h"

namespace holdfast::sync {

inline constexpr std::string_view cluster_secrets = "argocd.argoproj.io/secret-type=cluster";

enum class LocalCluster { enabled, disabled };

struct ClusterSecret {
  std::string server, name, project;

  bool operator==(const ClusterSecret&) const = default;
};

ClusterSecret decode_cluster_secret(const Value& secret);

struct Clusters {
  LocalCluster local = LocalCluster::enabled;
  std::optional<std::vector<ClusterSecret>> secrets = std::vector<ClusterSecret>{};  // nothing: who asks may not read them

  // This cluster's: a Secret with its URL gives it another one, or none (""). Nothing where any could be it.
  [[nodiscard]] std::optional<std::string> local_name() const;
  // Why a destination is not this cluster, in upstream's words; "" when it is.
  [[nodiscard]] std::string refusal(const Destination& destination) const;
  // Does a Secret give this cluster to the project?
  [[nodiscard]] bool belongs_to(std::string_view project) const;
};

}  // namespace holdfast::sync
