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

constexpr std::string_view secret_name = "argocd-secret";

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

// The decoded data of a Secret; nothing where there is none.
Result<Secrets> read_secret(kube::Client& client, const std::string& place, const std::string& name) {
  Secrets values;
  const auto secret = client.get({"", "v1", "Secret", place, name});
  if (!secret && secret.error().code() == Code::object_missing) return values;
  if (!secret) return failure(Error(secret.error()));
  const bool ours = name == secret_name || secret->text({"metadata", "labels", "app.kubernetes.io/part-of"}) == "argocd";
  const Value* data = secret->find("data");
  if (!ours || data == nullptr || data->as_object() == nullptr) return values;
  for (const auto& [key, value] : *data->as_object()) {
    const auto* text = value.as_string();
    values[key] = text == nullptr ? std::string() : from_base64(*text).value_or(std::string());
  }
  return values;
}

// The secrets of webhooks: "$KEY" is what argocd-secret has elsewhere, "$SECRET:KEY" what another Secret of Argo CD's has.
// What leads nowhere stays as it is, as upstream.
Result<Secrets> read_webhook_secrets(kube::Client& client, const std::string& place) {
  const auto own = TRY(read_secret(client, place, std::string(secret_name)));
  Secrets values;
  for (const auto& [key, text] : own) {
    if (!key.starts_with("webhook.")) continue;
    values[key] = text;
    if (!text.starts_with('$')) continue;
    const auto colon = text.find(':');
    const bool elsewhere = colon != std::string::npos;
    Secrets other;
    if (elsewhere) other = TRY(read_secret(client, place, text.substr(1, colon - 1)));
    const Secrets& from = elsewhere ? other : own;
    const auto found = from.find(text.substr(elsewhere ? colon + 1 : 1));
    if (found != from.end()) values[key] = trim(found->second);
  }
  return values;
}

}  // namespace

std::string git_repository(const Options& options) {
  if (!options.git_repository.empty()) return options.git_repository;
  return fmt::format("{}/git/{}.git", options.state_dir, git_name(options));
}

Result<std::unique_ptr<Server>> serve(const ServeInput& input) {
  auto routes = status_routes(input.numbers, input.ready);
  if (!input.options.git_url.empty()) TRY(add_git_routes(input, routes));
  WebhookOptions webhook;
  webhook.secret = [&client = input.client, place = input.options.namespace_] { return read_webhook_secrets(client, place); };
  webhook.pushed = input.notified;
  for (auto& route : webhook_routes(std::move(webhook))) routes.push_back(std::move(route));
  const auto listen = TRY(listen_options(input.options));
  return Server::start(listen, std::move(routes));
}

}  // namespace holdfast::agent
