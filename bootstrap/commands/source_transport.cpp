// SPDX-License-Identifier: Apache-2.0
#include "commands/source_transport.h"

#include <algorithm>
#include <map>

#include "base/ascii.h"
#include "base/guarded.h"
#include "base/text.h"
#include "http/url.h"
#include "local_agent.h"

namespace holdfast::bootstrap {
namespace {

class SourceTransport final : public http::Transport {
 public:
  SourceTransport(kube::Client& client, std::unique_ptr<http::Transport> outside) : client_(client), outside_(std::move(outside)) {}

  Result<http::Response> send(const http::Request& request) override {
    const auto way = TRY(way_of(request));
    return way.transport == nullptr ? client_.send(way.request) : way.transport->send(way.request);
  }

  std::vector<Result<http::Response>> send_all(std::vector<http::Request> requests, int in_flight) override {
    const bool all_outside = std::ranges::none_of(requests, [](const http::Request& each) { return service_of(each.url).has_value(); });
    if (all_outside) return outside_->send_all(std::move(requests), in_flight);
    std::vector<Result<http::Response>> answers;
    for (const auto& request : requests) answers.push_back(send(request));
    return answers;
  }

  Result<std::unique_ptr<http::Incoming>> open(const http::Request& request, std::stop_token stop) override {
    const auto way = TRY(way_of(request));
    return way.transport == nullptr ? client_.open(way.request, std::move(stop)) : way.transport->open(way.request, std::move(stop));
  }

 private:
  struct Way {
    http::Request request;
    http::Transport* transport;  // null: the API server
  };

  Result<Way> way_of(const http::Request& request) {
    const auto service = service_of(request.url);
    if (!service) return Way{request, outside_.get()};
    const auto here = TRY(agent_of(service->namespace_));
    if (!here.empty()) {
      auto* const agent = TRY(direct());
      return Way{moved(request, here), agent};
    }
    const auto proxy = client_.service_url({.namespace_ = service->namespace_, .name = service->name, .port = "http"});
    return Way{for_api_server(moved(request, proxy)), nullptr};
  }

  // "" where no agent of that namespace runs on this machine.
  Result<std::string> agent_of(const std::string& namespace_) {
    if (auto known = agents_.lock(); known->contains(namespace_)) return known->at(namespace_);
    const auto url = TRY(find_agent_here(client_, namespace_));
    agents_.lock()->emplace(namespace_, url);
    return url;
  }

  // An agent on this machine is asked without the certificates and the proxy of some source.
  Result<http::Transport*> direct() {
    auto made = direct_.lock();
    if (*made == nullptr) {
      auto transport = TRY(http::make_curl_transport({}));
      *made = std::move(transport);
    }
    return made->get();
  }

  // The path as it was parsed: its dots are resolved and lead out of no Service.
  static http::Request moved(http::Request request, const std::string& to) {
    const auto url = http::parse_url(request.url);
    if (url) request.url = to + url->path;
    return request;
  }

  // The proxy takes one Authorization, the caller's, and hands none on. Where a Service redirects to, the caller's
  // rights do not go.
  static http::Request for_api_server(http::Request request) {
    std::erase_if(request.headers, [](const http::Header& header) { return equal_ignoring_case(header.name, "authorization"); });
    request.redirects_max = 0;
    return request;
  }

  kube::Client& client_;
  const std::unique_ptr<http::Transport> outside_;
  Guarded<std::map<std::string, std::string>> agents_;  // by namespace
  Guarded<std::unique_ptr<http::Transport>> direct_;
};

}  // namespace

std::unique_ptr<http::Transport> make_source_transport(kube::Client& client, std::unique_ptr<http::Transport> outside) {
  return std::make_unique<SourceTransport>(client, std::move(outside));
}

std::optional<ServiceHost> service_of(const std::string& url) {
  const auto parsed = http::parse_url(url);
  if (!parsed) return std::nullopt;
  std::string_view host = parsed->host;
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto parts = split(host, '.');
  if (parts.size() < 3 || parts[0].empty() || parts[1].empty()) return std::nullopt;
  // Anything longer may be anybody's: "a.b.svc.example.org" is a name like another.
  const auto domain = host.substr(parts[0].size() + parts[1].size() + 2);
  if (domain != "svc" && domain != "svc.cluster.local") return std::nullopt;
  return ServiceHost{std::string(parts[1]), std::string(parts[0])};
}

}  // namespace holdfast::bootstrap
