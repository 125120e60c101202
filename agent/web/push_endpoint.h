// SPDX-License-Identifier: Apache-2.0
// POST /push: the built-in Git's only writer. Who pushes proves it with a token for the audience
// "holdfast-git" in the header X-Holdfast-Token, because the API server's service proxy, through
// which pushes come, strips Authorization. It does not know how tokens are judged.
#pragma once

#include "agent/web/server.h"
#include "base/secret.h"
#include "git/receive_push.h"

#include <functional>
#include <string>
#include <vector>

namespace holdfast::agent {

constexpr std::string_view push_token_header = "X-Holdfast-Token";
constexpr std::string_view push_audience = "holdfast-git";

struct PushEndpointOptions {
  std::string repository;  // the bare repository's folder, prepared by git::prepare_built_in
  // The name of whoever the token belongs to, when that may push. Code::forbidden otherwise.
  std::function<Result<std::string>(const Secret& token)> authenticate;
  // After a push: whose Applications are to look again. May be empty.
  std::function<void(const git::PushCommand&)> pushed;
  git::PushLimits limits;
};

std::vector<Route> push_routes(PushEndpointOptions options);

}  // namespace holdfast::agent
