// SPDX-License-Identifier: Apache-2.0
#include "charts/registry.h"

#include "base/text.h"
#include "http/url.h"
#include "value/json.h"

#include <algorithm>
#include <array>

namespace holdfast::charts {
namespace {

constexpr std::string_view manifest_types =
    "application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view chart_config = "application/vnd.cncf.helm.config.v1+json";
constexpr auto chart_layers = std::to_array<std::string_view>(
    {"application/vnd.cncf.helm.chart.content.v1.tar+gzip", "application/tar+gzip"});
// reposerver.oci.layer.media.types of Argo CD 3.6.
constexpr auto artifact_layers = std::to_array<std::string_view>(
    {"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
     "application/vnd.cncf.helm.chart.content.v1.tar+gzip"});
constexpr std::size_t layers_max = 10;
constexpr std::size_t page_size = 1000;

std::unexpected<Error> not_registry(std::string what, const std::string& url) {
  return failure(Error(Code::chart, std::move(what)).at(printable(url)));
}

// The grammar of the distribution specification; nothing else reaches a path of ours.
bool is_repository_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  const auto good = [&](std::string_view part) {
    return !part.empty() && part != "." && part != ".." && std::ranges::all_of(part, plain);
  };
  return name.size() <= 255 && std::ranges::all_of(split(name, '/'), good);
}

bool is_tag(std::string_view tag) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  };
  return !tag.empty() && tag.size() <= 128 && tag[0] != '.' && tag[0] != '-' &&
         std::ranges::all_of(tag, plain);
}

// One parameter of a challenge: Bearer realm="https://…",service="…",scope="…".
std::string parameter(std::string_view challenge, std::string_view name) {
  const auto start = challenge.find(fmt::format("{}=\"", name));
  if (start == std::string_view::npos) return {};
  const auto value = challenge.substr(start + name.size() + 2);
  return std::string(value.substr(0, value.find('"')));
}

// The address of the next page: Link: </v2/x/tags/list?last=b&n=2>; rel="next".
std::string next_page(const http::Response& response, const std::string& origin) {
  const auto link = response.header("link");
  const auto open = link.find('<'), close = link.find('>');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) return {};
  const auto address = link.substr(open + 1, close - open - 1);
  if (address.starts_with('/')) return origin + std::string(address);
  return address.starts_with(origin + "/") ? std::string(address) : std::string();
}

struct LayerChoice {
  std::optional<Manifest> chosen;
  std::size_t count = 0;
};

LayerChoice choose_layer(const Value& document, std::span<const std::string_view> types) {
  LayerChoice choice;
  const auto* layers = document.find("layers");
  if (layers == nullptr || !layers->is_array()) return choice;
  for (const auto& layer : *layers->as_array()) {
    const auto type = layer.text({"mediaType"});
    const auto digest = crypto::parse_sha256(layer.text({"digest"}));
    if (!digest || std::ranges::find(types, type) == types.end()) continue;
    ++choice.count;
    choice.chosen = Manifest{.digest = {}, .layer = *digest, .media_type = std::string(type)};
  }
  return choice;
}

}  // namespace

Result<Registry> Registry::open(const Line& line, std::string_view chart,
                                const RegistryLimits& limits) {
  std::string_view url = line.repository.url;
  if (url.starts_with("oci://")) url.remove_prefix(std::string_view("oci://").size());
  while (url.ends_with('/'))
    url.remove_suffix(1);
  const auto slash = std::min(url.find('/'), url.size());
  std::string host(url.substr(0, slash));
  if (host == "docker.io") host = "registry-1.docker.io";
  Registry registry(line, limits);
  registry.origin_ =
      fmt::format("{}://{}", line.repository.wire == Wire::plain ? "http" : "https", host);
  registry.repository_ = slash < url.size() ? url.substr(slash + 1) : "";
  if (!chart.empty()) {
    if (!registry.repository_.empty()) registry.repository_ += '/';
    registry.repository_ += chart;
  }
  const auto parsed = http::parse_url(registry.origin_);
  if (!parsed || parsed->host.empty()) {
    return not_registry("this is no address of an OCI registry", line.repository.url);
  }
  if (!is_repository_name(registry.repository_)) {
    return not_registry(fmt::format("\"{}\" cannot be a repository of an OCI registry",
                                    printable(registry.repository_)),
                        line.repository.url);
  }
  return registry;
}

Result<std::string> Registry::ask_token(std::string_view challenge) {
  const auto realm = parameter(challenge, "realm");
  const bool open = realm.starts_with("https://") ||
                    (line_.repository.wire == Wire::plain && realm.starts_with("http://"));
  if (!open) return not_registry("the registry's token service is not reached over TLS", realm);
  auto scope = parameter(challenge, "scope");
  if (scope.empty()) scope = fmt::format("repository:{}:pull", repository_);
  http::Request request{.url = fmt::format("{}{}service={}&scope={}", realm,
                                           realm.find('?') == std::string::npos ? '?' : '&',
                                           http::percent_encoded(parameter(challenge, "service")),
                                           http::percent_encoded(scope))};
  if (const auto user = basic(line_.repository); !user.empty()) {
    request.headers.push_back({"Authorization", user});
  }
  const auto answer = TRY(download(line_, std::move(request),
                                   {.bytes_max = limits_.manifest_bytes_max, .redirects_max = 0}));
  if (!answer.ok()) return failure(refused(answer, "the registry's token service gives no token").at(printable(http::shown_url(realm))));
  const auto document = json::parse(answer.body, "the token service's answer");
  std::string token;
  if (document) token = document->text({"token"});
  if (document && token.empty()) token = document->text({"access_token"});
  if (token.empty() || token.find_first_of("\r\n") != std::string::npos) {
    return not_registry("the registry's token service gives no token", http::shown_url(realm));
  }
  return "Bearer " + token;
}

Result<std::string> Registry::answer_challenge(const http::Response& refusal) {
  const auto challenge = refusal.header("www-authenticate");
  if (challenge.starts_with("Bearer ") || challenge.starts_with("bearer ")) {
    return ask_token(challenge);
  }
  if (challenge.starts_with("Basic ") || challenge.starts_with("basic ")) {
    return basic(line_.repository);
  }
  return std::string();
}

Result<http::Response> Registry::get(const std::string& url, std::string_view accept,
                                     const Bounds& bounds) {
  const auto ask = [&] {
    http::Request request{.url = url};
    if (!accept.empty()) request.headers.push_back({"Accept", std::string(accept)});
    if (!authorization_.empty()) {
      request.headers.push_back({"Authorization", authorization_.reveal()});
    }
    return download(line_, std::move(request), bounds);
  };
  auto response = TRY(ask());
  if (response.status != 401) return response;
  auto header = TRY(answer_challenge(response));
  if (header.empty() || header == authorization_.reveal()) return response;
  authorization_ = Secret(std::move(header));
  return ask();
}

Result<std::vector<std::string>> Registry::tags() {
  std::vector<std::string> tags;
  std::string url = fmt::format("{}/v2/{}/tags/list?n={}", origin_, repository_, page_size);
  // A registry may lead on for ever without a tag.
  const auto end = line_.clock.steady() + limits_.tags_time;
  while (!url.empty()) {
    if (line_.clock.steady() >= end) {
      return failure(Error(Code::timed_out, fmt::format("the tags of \"{}\" are not complete after {}", repository_,
                                                        format_duration(limits_.tags_time)))
                         .at(origin_));
    }
    const auto answer =
        TRY(get(url, "application/json", {.bytes_max = limits_.manifest_bytes_max}));
    if (!answer.ok()) {
      return failure(refused(answer, fmt::format("the tags of \"{}\" cannot be read", repository_))
                         .at(origin_));
    }
    const auto document = json::parse(answer.body, "the registry's tags");
    if (!document) return not_registry("the registry's answer is no list of tags", origin_);
    const auto* list = document->find("tags");
    if (list != nullptr && list->is_array()) {
      for (const auto& tag : *list->as_array()) {
        if (tag.is_string()) tags.push_back(replace_all(*tag.as_string(), "_", "+"));
      }
    }
    if (tags.size() > limits_.tags_max) {
      return failure(Code::limit, "the registry has more than {} tags", limits_.tags_max);
    }
    const auto next = next_page(answer, origin_);
    url = next == url ? std::string() : next;
  }
  return tags;
}

Result<Manifest> Registry::manifest(std::string_view reference) {
  const auto pinned = crypto::parse_sha256(reference);
  const auto tag = pinned ? pinned->text() : replace_all(std::string(reference), "+", "_");
  if (!pinned && !is_tag(tag)) {
    return not_registry(fmt::format("\"{}\" cannot be a tag", printable(reference)), repository_);
  }
  const auto answer = TRY(get(fmt::format("{}/v2/{}/manifests/{}", origin_, repository_, tag),
                              manifest_types, {.bytes_max = limits_.manifest_bytes_max}));
  if (!answer.ok()) {
    return failure(refused(answer, fmt::format("there is no \"{}:{}\" in the registry",
                                               repository_, printable(reference)))
                       .at(origin_));
  }
  const auto digest = crypto::sha256(answer.body);
  const auto said = crypto::parse_sha256(answer.header("docker-content-digest"));
  if ((pinned && digest != *pinned) || (said && digest != *said)) {
    return not_registry(
        fmt::format("the manifest of \"{}\" is not what its digest says", printable(reference)),
        fmt::format("{}/{}: {}", origin_, repository_, digest.text()));
  }
  const auto document = TRY(json::parse(answer.body, "the registry's manifest"));
  const bool is_chart = document.text({"config", "mediaType"}) == chart_config;
  const auto* layers = document.find("layers");
  const bool many = layers != nullptr && layers->is_array() && layers->as_array()->size() > layers_max;
  auto choice = is_chart ? choose_layer(document, chart_layers) : choose_layer(document, artifact_layers);
  if (many || choice.count != 1) {
    return not_registry(fmt::format("\"{}:{}\" has {} layers of files, wanted: one", repository_,
                                    printable(reference), choice.count),
                        origin_);
  }
  choice.chosen->digest = digest;
  choice.chosen->content = is_chart ? Content::chart : Content::artifact;
  return *std::move(choice.chosen);
}

Result<std::string> Registry::layer(const Manifest& manifest) {
  const auto answer = TRY(
      get(fmt::format("{}/v2/{}/blobs/{}", origin_, repository_, manifest.layer.text()), "", limits_.blob));
  if (!answer.ok()) {
    return failure(
        refused(answer, fmt::format("the registry gives no {} of \"{}\"", manifest.layer.text(), repository_))
            .at(origin_));
  }
  if (crypto::sha256(answer.body) != manifest.layer) {
    return not_registry("the registry's layer is not what its digest says",
                        fmt::format("{}/{}: {}", origin_, repository_, manifest.layer.text()));
  }
  return answer.body;
}

}  // namespace holdfast::charts
