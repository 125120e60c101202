// SPDX-License-Identifier: Apache-2.0
#include "sync/clusters.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"

namespace holdfast::sync {
namespace {

std::string without_slashes(std::string server) {
  while (server.ends_with('/')) server.pop_back();
  return server;
}

// "in-cluster" is this cluster's unless a Secret takes that name.
std::vector<std::string> servers_named(const Clusters& clusters, const std::string& name) {
  std::vector<std::string> servers;
  for (const auto& each : *clusters.secrets) {
    if (each.name == name) servers.push_back(each.server);
  }
  if (servers.empty() && name == names::local_name) servers.emplace_back(names::local_server);
  if (clusters.local == LocalCluster::disabled) std::erase(servers, names::local_server);
  return servers;
}

}  // namespace

ClusterSecret decode_cluster_secret(const Value& secret) {
  const auto field = [&](std::string_view name) { return from_base64(secret.text({"data", name})).value_or(std::string()); };
  return {without_slashes(field("server")), field("name"), field("project")};
}

std::optional<std::string> Clusters::local_name() const {
  if (!secrets) return std::nullopt;
  const auto found = std::ranges::find(*secrets, names::local_server, &ClusterSecret::server);
  return found == secrets->end() ? std::string(names::local_name) : found->name;
}

std::string Clusters::refusal(const Destination& destination) const {
  if (!destination.server.empty() && !destination.name.empty()) {
    return fmt::format("application destination can't have both name and server defined: {} {}", destination.name, destination.server);
  }
  auto server = without_slashes(destination.server);
  std::string asked = fmt::format("server \"{}\"", destination.server);
  if (destination.server.empty()) {
    if (destination.name.empty()) return "Destination server missing from app spec";
    if (!secrets) return {};
    const auto servers = servers_named(*this, destination.name);
    if (servers.empty()) return fmt::format("there are no clusters with this name: {}", destination.name);
    if (servers.size() > 1) {
      return fmt::format("there are {} clusters with the same name: [{}]", servers.size(), fmt::join(servers, " "));
    }
    server = servers.front();
    asked = "URL";
  }
  if (server != names::local_server) return fmt::format("error getting cluster by {}: cluster \"{}\" not found", asked, server);
  if (local == LocalCluster::disabled) return fmt::format("error getting cluster by {}: cluster \"{}\" is disabled", asked, server);
  return {};
}

bool Clusters::belongs_to(std::string_view project) const {
  if (!secrets) return true;
  const auto name = local_name();
  return std::ranges::any_of(*secrets, [&](const ClusterSecret& each) {
    return !project.empty() && each.project == project && (each.server == names::local_server || each.name == name);
  });
}

}  // namespace holdfast::sync
