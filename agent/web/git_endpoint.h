// SPDX-License-Identifier: Apache-2.0
// The built-in Git over HTTP: one bare repository, read-only for everybody who reaches the port.
// Pushes have another endpoint; a stock `git push` is told so.
#pragma once

#include "agent/web/server.h"
#include "base/clock.h"

#include <string>
#include <vector>

namespace holdfast::agent {

struct GitEndpointOptions {
  std::string repository;  // the bare repository's folder
  std::string name;        // "fleet": served as /fleet.git
  // Further fetches take the place of a reader who reads too slowly, or are asked to come again.
  std::size_t packs_at_once = 3;
  std::size_t bytes_per_second_min = std::size_t{64} << 10;  // less is too slow,
  Duration patience = std::chrono::seconds(5);               // where it lasts this long
};

std::vector<Route> git_routes(const GitEndpointOptions& options);

}  // namespace holdfast::agent
