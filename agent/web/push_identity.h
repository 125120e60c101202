// SPDX-License-Identifier: Apache-2.0
// Who may push to the built-in Git: the service account holdfast-push of the engine's namespace, so
// whoever may make tokens of it. The API server judges tokens; nothing is kept here.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "kube/client.h"

#include <functional>
#include <string>

namespace holdfast::agent {

// For PushEndpointOptions::authenticate. Refuses with Code::forbidden, or what the API server's
// silence is. `client` must outlive it.
std::function<Result<std::string>(const Secret&)> pushers(kube::Client& client,
                                                          const std::string& engine_namespace);

}  // namespace holdfast::agent
