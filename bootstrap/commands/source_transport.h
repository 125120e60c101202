// SPDX-License-Identifier: Apache-2.0
// How a command's requests to the sources of an Application leave this machine: Services of the cluster through the
// API server's proxy, or at an agent on this machine; all else as the source's settings say.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "http/transport.h"
#include "kube/client.h"

namespace holdfast::bootstrap {

// "http://holdfast-agent.argocd.svc/fleet.git" → the Service's namespace and name, also with ".svc.cluster.local";
// nothing when the URL's host is no Service's.
struct ServiceHost {
  std::string namespace_, name;
};
std::optional<ServiceHost> service_of(const std::string& url);

// Each request is judged by its own URL: what a Service sends may name other hosts, and callers ask several
// repositories by one transport. Only the API server is given the caller's rights in the cluster. `client` outlives it.
std::unique_ptr<http::Transport> make_source_transport(kube::Client& client, std::unique_ptr<http::Transport> outside);

}  // namespace holdfast::bootstrap
