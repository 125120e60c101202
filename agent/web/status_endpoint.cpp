// SPDX-License-Identifier: Apache-2.0
#include "agent/web/status_endpoint.h"

namespace holdfast::agent {

std::vector<Route> status_routes(const Metrics& metrics, std::function<Result<>()> ready) {
  const auto healthy = [](const Request&) { return text_response(200, "ok\n"); };
  const auto readiness = [ready = std::move(ready)](const Request&) {
    const auto state = ready();
    return state ? text_response(200, "ok\n") : text_response(503, state.error().message() + "\n");
  };
  const auto numbers = [&metrics](const Request&) {
    return Response{.status = 200,
                    .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                    .body = metrics.text()};
  };
  return {{.method = "GET", .prefix = "/healthz", .handler = healthy, .turn = Turn::at_once},
          {.method = "GET", .prefix = "/readyz", .handler = readiness, .turn = Turn::at_once},
          {.method = "GET", .prefix = "/metrics", .handler = numbers}};
}

}  // namespace holdfast::agent
