// SPDX-License-Identifier: Apache-2.0
#include "agent/web/registry_webhook.h"

#include "base/ascii.h"
#include "base/text.h"

namespace holdfast::agent {
namespace {

using Notices = std::vector<ArtifactNotice>;

constexpr std::size_t notices_max = 100;

// The value in "a=1&b=x%20y", "" when there is none.
std::string query_value(std::string_view query, std::string_view name) {
  const auto digit = [](char c) { return std::string_view("0123456789abcdef").find(ascii_lower(c)); };
  for (auto part : split(query, '&')) {
    if (!part.starts_with(name) || part.substr(name.size(), 1) != "=") continue;
    part.remove_prefix(name.size() + 1);
    std::string value;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const bool coded = part[i] == '%' && i + 2 < part.size() && digit(part[i + 1]) < 16 && digit(part[i + 2]) < 16;
      if (!coded) {
        value += part[i] == '+' ? ' ' : part[i];
        continue;
      }
      value += static_cast<char>(digit(part[i + 1]) * 16 + digit(part[i + 2]));
      i += 2;
    }
    return value;
  }
  return {};
}

void add(Notices& notices, std::string_view host, std::string_view path, std::string_view tag) {
  if (host.empty() || path.empty() || tag.empty() || notices.size() == notices_max) return;
  notices.push_back({ascii_lower(fmt::format("{}/{}", host, path)), std::string(tag)});
}

// https://docs.github.com/webhooks/webhook-events-and-payloads#package
Notices read_github(const Value& payload) {
  Notices notices;
  const Value* package = payload.find("package");
  if (payload.text({"action"}) != "published" || package == nullptr || ascii_lower(package->text({"package_type"})) != "container") return notices;
  add(notices, "ghcr.io", fmt::format("{}/{}", package->text({"owner", "login"}), package->text({"name"})),
      package->text({"package_version", "container_metadata", "tag", "name"}));
  return notices;
}

// "harbor.example.com:8443/acme/web:1.0" → its host and port.
std::string_view host_in(std::string_view resource) {
  const auto scheme = resource.find("://");
  if (scheme != std::string_view::npos) resource.remove_prefix(scheme + 3);
  const auto slash = resource.find('/');
  return slash == std::string_view::npos || slash + 1 == resource.size() ? std::string_view() : resource.substr(0, slash);
}

Notices read_harbor(const Value& payload) {
  Notices notices;
  const Value* event = payload.find("event_data");
  if (payload.text({"type"}) != "PUSH_ARTIFACT" || event == nullptr) return notices;
  std::string path(event->text({"repository", "repo_full_name"}));
  const auto space = event->text({"repository", "namespace"}), name = event->text({"repository", "name"});
  if (path.empty() && !space.empty() && !name.empty()) path = fmt::format("{}/{}", space, name);
  for (const auto& resource : array_at(*event, {"resources"})) add(notices, host_in(resource.text({"resource_url"})), path, resource.text({"tag"}));
  return notices;
}

Notices read_docker_hub(const Value& payload) {
  Notices notices;
  std::string path(payload.text({"repository", "repo_name"}));
  const auto space = payload.text({"repository", "namespace"}), name = payload.text({"repository", "name"});
  if (path.empty() && !name.empty()) path = space.empty() ? std::string(name) : fmt::format("{}/{}", space, name);
  if (!path.empty() && path.find('/') == std::string::npos) path.insert(0, "library/");
  add(notices, "docker.io", path, payload.text({"push_data", "tag"}));
  return notices;
}

}  // namespace

std::optional<Registry> registry_of(const Delivery& delivery) {
  // Gitea names itself GitHub as well.
  const bool other = !delivery.header("X-Gitea-Event").empty() || !delivery.header("X-Gogs-Event").empty();
  if (!other && delivery.header("X-GitHub-Event") == "package") return Registry::github;
  const auto harbor = delivery.secret("webhook.harbor.secret");
  if (!harbor.empty() && equal_slowly(delivery.header("Authorization"), harbor)) return Registry::harbor;
  const bool docker = !delivery.secret("webhook.dockerhub.secret").empty() && query_value(delivery.query, "type") == "dockerhub";
  return docker ? std::optional(Registry::docker_hub) : std::nullopt;
}

Result<Notices> read_registry_webhook(Registry registry, const Delivery& delivery) {
  if (registry == Registry::github && !delivery.is_signed("X-Hub-Signature-256", "webhook.github.secret")) return not_signed("GitHub");
  if (registry == Registry::docker_hub) {
    // Docker Hub signs nothing and can only be given a URL.
    std::string given(delivery.header("Authorization"));
    if (given.empty()) given = query_value(delivery.query, "secret");
    if (!equal_slowly(given, delivery.secret("webhook.dockerhub.secret"))) return not_signed("Docker Hub");
  }
  const Value payload = TRY(delivery.payload());
  switch (registry) {
    case Registry::github: return read_github(payload);
    case Registry::harbor: return read_harbor(payload);
    case Registry::docker_hub: return read_docker_hub(payload);
  }
  std::unreachable();
}

}  // namespace holdfast::agent
