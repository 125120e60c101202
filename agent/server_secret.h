// SPDX-License-Identifier: Apache-2.0
// Secret argocd-secret: where people put the secrets of webhooks. `argocd --core` starts upstream's API
// server on the user's machine, which wants the Secret with a key in it. It is no part of the chart: Git
// does not hold what is secret, and an engine that keeps it equal to Git would have to read every Secret.
#pragma once

#include <string>

#include "kube/client.h"

namespace holdfast::agent {

// Makes it where there is none; one that is there is left alone. What keeps it from being made is logged.
void ensure_server_secret(kube::Client& client, const std::string& namespace_name);

}  // namespace holdfast::agent
