// SPDX-License-Identifier: Apache-2.0
#include "commands/git_access.h"

#include <filesystem>

#include <unistd.h>

#include "base/text.h"
#include "git/mirrors.h"
#include "http/url.h"
#include "local_agent.h"

namespace holdfast::bootstrap {
namespace {

// Sends what goes to a Service in the cluster to where it is reachable from here.
class ServiceTransport final : public http::Transport {
 public:
  ServiceTransport(std::unique_ptr<http::Transport> way, std::string inside, std::string outside)
      : way_(std::move(way)), inside_(std::move(inside)), outside_(std::move(outside)) {}

  Result<http::Response> send(const http::Request& request) override { return way_->send(moved(request)); }

  std::vector<Result<http::Response>> send_all(std::vector<http::Request> requests, int in_flight) override {
    for (auto& request : requests) request = moved(std::move(request));
    return way_->send_all(std::move(requests), in_flight);
  }

  Result<std::unique_ptr<http::Incoming>> open(const http::Request& request, std::stop_token stop) override {
    return way_->open(moved(request), std::move(stop));
  }

 private:
  [[nodiscard]] http::Request moved(http::Request request) const {
    if (request.url.starts_with(inside_)) request.url = outside_ + request.url.substr(inside_.size());
    return request;
  }

  const std::unique_ptr<http::Transport> way_;
  const std::string inside_, outside_;
};

// The API server, with the caller's rights.
class ClientTransport final : public http::Transport {
 public:
  explicit ClientTransport(kube::Client& client) : client_(client) {}

  Result<http::Response> send(const http::Request& request) override { return client_.send(request); }

  std::vector<Result<http::Response>> send_all(std::vector<http::Request> requests, int) override {
    std::vector<Result<http::Response>> answers;
    for (const auto& request : requests) answers.push_back(send(request));
    return answers;
  }

  Result<std::unique_ptr<http::Incoming>> open(const http::Request& request, std::stop_token stop) override {
    return client_.open(request, std::move(stop));
  }

 private:
  kube::Client& client_;
};

// "http://host:port"
std::string origin_of(const std::string& url) {
  const auto scheme = url.find("://");
  return url.substr(0, scheme == std::string::npos ? 0 : url.find('/', scheme + 3));
}

class MirrorAccess final : public GitAccess {
 public:
  MirrorAccess(std::string folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {}
  ~MirrorAccess() override {
    mirrors_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  Result<> start() {
    git::MirrorsOptions options;
    options.directory = folder_;
    options.make_transport = [this](const git::Remote& remote) -> Result<std::unique_ptr<http::Transport>> {
      const auto service = service_of(remote.url);
      if (!service) return http::make_curl_transport({});
      const std::string here = TRY(find_agent_here(*client_, service->namespace_));
      if (!here.empty()) {
        auto direct = TRY(http::make_curl_transport({}));
        return std::make_unique<ServiceTransport>(std::move(direct), origin_of(remote.url), here);
      }
      const auto outside = client_->service_url({.namespace_ = service->namespace_, .name = service->name, .port = "http"});
      return std::make_unique<ServiceTransport>(std::make_unique<ClientTransport>(*client_), origin_of(remote.url), outside);
    };
    mirrors_ = TRY(git::Mirrors::open(std::move(options), clock_));
    return {};
  }

  Result<FetchedTree> fetch(kube::Client& client, const std::string& url, const std::string& revision,
                            const std::string& tag_prefix) override {
    client_ = &client;
    git::Remote remote;
    remote.url = url;
    const auto commit = TRY(mirrors_->resolve(remote, {.revision = revision, .tag_prefix = tag_prefix}, {}), "asking {}", printable(url));
    auto tree = TRY(mirrors_->tree(remote, commit, {}), "reading {}", printable(url));
    return FetchedTree{std::move(tree), commit.hex()};
  }

 private:
  const std::string folder_;
  const Clock& clock_;
  kube::Client* client_ = nullptr;
  std::unique_ptr<git::Mirrors> mirrors_;
};

}  // namespace

Result<std::unique_ptr<GitAccess>> GitAccess::open(const Clock& clock) {
  std::error_code bad;
  auto folder = (std::filesystem::temp_directory_path(bad) / "holdfast-git-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    return failure(Error(Code::file_unwritable, "no folder can be made for what Git sends").at(folder));
  }
  auto access = std::make_unique<MirrorAccess>(folder, clock);
  TRY(access->start());
  return std::unique_ptr<GitAccess>(std::move(access));
}

std::optional<ServiceHost> service_of(const std::string& url) {
  const auto parsed = http::parse_url(url);
  if (!parsed) return std::nullopt;
  const auto parts = split(parsed->host, '.');
  if (parts.size() < 3 || parts[2] != "svc") return std::nullopt;
  return ServiceHost{std::string(parts[1]), std::string(parts[0])};
}

}  // namespace holdfast::bootstrap
