// SPDX-License-Identifier: Apache-2.0
#include "agent/web/push_endpoint.h"

#include "base/log.h"

#include <memory>

namespace holdfast::agent {
namespace {

constexpr std::size_t command_bytes = 4096;
constexpr auto body_timeout = std::chrono::minutes(15);  // who sends it has shown a token
constexpr std::size_t token_bytes_max = 8192;

// The status by which git::push_to() knows the reason.
int status_of(Code code) {
  if (code == Code::git_not_fast_forward) return 409;
  if (code == Code::limit) return 413;
  if (code == Code::git_object || code == Code::git_revision) return 422;
  if (code == Code::wrong_type) return 400;
  if (code == Code::disk_full) return 507;
  return 500;
}

Response push(const PushEndpointOptions& options, const Request& request) {
  const auto header = request.header(push_token_header);
  if (header.empty() || header.size() > token_bytes_max) {
    return text_response(401, "a token is missing\n");
  }
  const auto user = options.authenticate(Secret(std::string(header)));
  if (!user) {
    log::warn("a push was refused", {{"because", user.error().message()}});
    return text_response(403, user.error().what() + "\n");
  }
  const auto pushed = git::receive_push(options.repository, request.read_body, options.limits);
  if (!pushed) {
    const auto message = pushed.error().message();
    log::warn("a push was refused", {{"user", *user}, {"because", message}});
    return text_response(status_of(pushed.error().code()), message + "\n");
  }
  log::info("pushed", {{"user", *user},
                       {"ref", pushed->ref},
                       {"before", pushed->before.hex()},
                       {"after", pushed->after.hex()}});
  if (options.pushed) options.pushed(*pushed);
  return text_response(200, pushed->after.hex() + "\n");
}

}  // namespace

std::vector<Route> push_routes(PushEndpointOptions options) {
  const auto bytes_max = options.limits.pack_bytes_max + command_bytes;
  const auto shared = std::make_shared<const PushEndpointOptions>(std::move(options));
  return {{.method = "POST",
           .prefix = "/push",
           .handler = [shared](const Request& request) { return push(*shared, request); },
           .body_bytes_max = bytes_max,
           .body_timeout = body_timeout,
           .body = Body::streamed}};
}

}  // namespace holdfast::agent
