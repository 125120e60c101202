// SPDX-License-Identifier: Apache-2.0
// The built-in Git over HTTP: one bare repository, read-only for everybody who reaches the port.
// Pushes have another endpoint; a stock `git push` is told so.
#pragma once

#include "agent/web/server.h"

#include <string>
#include <vector>

namespace holdfast::agent {

struct GitEndpointOptions {
  std::string repository;  // the bare repository's folder
  std::string name;        // "fleet": served as /fleet.git
  int packs_at_once = 3;   // further fetches are asked to come again
};

std::vector<Route> git_routes(const GitEndpointOptions& options);

}  // namespace holdfast::agent
