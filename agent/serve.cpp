// SPDX-License-Identifier: Apache-2.0
#include "agent/serve.h"

#include <charconv>

#include "agent/web/git_endpoint.h"
#include "agent/web/push_endpoint.h"
#include "agent/web/push_identity.h"
#include "agent/web/status_endpoint.h"
#include "base/text.h"
#include "git/receive_push.h"

namespace holdfast::agent {
namespace {

// "http://holdfast-agent.argocd.svc/fleet.git" is served as "fleet".
std::string git_name(const Options& options) {
  const std::string_view name = base_name(options.git_url);
  return std::string(name.ends_with(".git") ? name.substr(0, name.size() - 4) : name);
}

Result<ServerOptions> listen_options(const Options& options) {
  const auto colon = options.listen.rfind(':');
  ServerOptions server;
  int port = -1;
  const std::string text = colon == std::string::npos ? "" : options.listen.substr(colon + 1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc{} || end != text.data() + text.size() || port < 0 || port > 65535) {
    return failure(Code::usage, "--listen is \"{}\", wanted: ADDRESS:PORT", printable(options.listen));
  }
  server.address = options.listen.substr(0, colon);
  server.port = port;
  return server;
}

Result<> add_git_routes(const ServeInput& input, std::vector<Route>& routes) {
  const auto repository = git_repository(input.options);
  TRY(git::prepare_built_in(repository, "main"));
  for (auto& route : git_routes({repository, git_name(input.options)})) routes.push_back(std::move(route));
  PushEndpointOptions push;
  push.repository = repository;
  push.authenticate = pushers(input.client, input.options.namespace_);
  push.pushed = input.pushed;
  for (auto& route : push_routes(std::move(push))) routes.push_back(std::move(route));
  return {};
}

}  // namespace

std::string git_repository(const Options& options) {
  if (!options.git_repository.empty()) return options.git_repository;
  return fmt::format("{}/git/{}.git", options.state_dir, git_name(options));
}

std::vector<MetricFamily> metric_families() {
  using Kind = MetricFamily::Kind;
  return {{"argocd_app_reconcile", "Time of one look at an Application, in seconds.", Kind::histogram, {},
           {0.01, 0.05, 0.25, 0.5, 1, 2, 4, 8, 16}},
          {"holdfast_reconcile_errors_total", "Looks at Applications that ended early.", Kind::counter, {"code"}, {}},
          {"holdfast_applications", "Applications known.", Kind::gauge, {}, {}},
          {"holdfast_dry_runs", "Dry runs asked of the API server.", Kind::gauge, {}, {}},
          {"holdfast_watched_kinds", "Kinds that are watched.", Kind::gauge, {}, {}}};
}

Result<std::unique_ptr<Server>> serve(const ServeInput& input) {
  auto routes = status_routes(input.metrics, input.ready);
  if (!input.options.git_url.empty()) TRY(add_git_routes(input, routes));
  const auto listen = TRY(listen_options(input.options));
  return Server::start(listen, std::move(routes));
}

}  // namespace holdfast::agent
