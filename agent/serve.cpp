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

// The decoded data of Secret argocd-secret; nothing where there is none.
Result<std::map<std::string, std::string>> read_secret(kube::Client& client, const std::string& place) {
  std::map<std::string, std::string> values;
  const auto secret = client.get({"", "v1", "Secret", place, "argocd-secret"});
  if (!secret && secret.error().code() == Code::object_missing) return values;
  if (!secret) return failure(Error(secret.error()));
  const Value* data = secret->find("data");
  if (data == nullptr || data->as_object() == nullptr) return values;
  for (const auto& [name, value] : *data->as_object()) {
    const auto* text = value.as_string();
    values[name] = text == nullptr ? std::string() : from_base64(*text).value_or(std::string());
  }
  return values;
}

}  // namespace

std::string git_repository(const Options& options) {
  if (!options.git_repository.empty()) return options.git_repository;
  return fmt::format("{}/git/{}.git", options.state_dir, git_name(options));
}

Result<std::unique_ptr<Server>> serve(const ServeInput& input) {
  auto routes = status_routes(input.metrics, input.ready);
  if (!input.options.git_url.empty()) TRY(add_git_routes(input, routes));
  WebhookOptions webhook;
  webhook.secret = [&client = input.client, place = input.options.namespace_] { return read_secret(client, place); };
  webhook.pushed = input.notified;
  for (auto& route : webhook_routes(std::move(webhook))) routes.push_back(std::move(route));
  const auto listen = TRY(listen_options(input.options));
  return Server::start(listen, std::move(routes));
}

}  // namespace holdfast::agent
