// SPDX-License-Identifier: Apache-2.0
#include "commands/source_transport.h"

#include <gtest/gtest.h>

#include "base/guarded.h"
#include "fakes/loopback.h"

namespace holdfast::bootstrap {
namespace {

using fakes::Connection;
using fakes::Loopback;
using fakes::Received;

TEST(SourceTransport, KnowsTheServicesOfTheCluster) {
  EXPECT_EQ(service_of("http://holdfast-agent.argocd.svc/fleet.git")->name, "holdfast-agent");
  EXPECT_EQ(service_of("http://git.dev.svc.cluster.local:3000/a.git")->namespace_, "dev");
  EXPECT_EQ(service_of("http://git.dev.svc./a.git")->name, "git");
  EXPECT_EQ(service_of("http://git.dev.svc.cluster.local./a.git")->name, "git");
  for (const std::string host : {"git.example.com", "a.b.svc.evil.org", "a.b.svc.cluster.local.evil.org", "a.b.svc.cluster", "x.a.b.svc",
                                 "b.svc", "svc", "a..svc", ".b.svc", "a.b.svc..", "127.0.0.1", "[::1]"}) {
    EXPECT_FALSE(service_of("https://" + host + "/fleet.git")) << host;
  }
}

// What a server saw, a line for each request: target and Authorization.
class Server {
 public:
  [[nodiscard]] std::string url(std::string_view path) const { return server_->url(path); }
  std::vector<std::string> seen() { return *seen_.lock(); }

 private:
  void answer(const Received& got, Connection& peer) {
    if (got.target == "/version") return void(peer.answer(200, R"({"gitVersion":"v1.37.2"})"));
    const auto sent = got.headers.find("authorization");
    seen_.lock()->push_back(fmt::format("{} {}", got.target, sent == got.headers.end() ? "nobody" : sent->second));
    if (got.target.ends_with("/away")) return void(peer.answer(302, "", "Location: /elsewhere\r\n"));
    peer.answer(200, "");
  }

  Guarded<std::vector<std::string>> seen_;
  std::unique_ptr<Loopback> server_ = Loopback::answering([this](const Received& got, Connection& peer) { answer(got, peer); });
};

using Lines = std::vector<std::string>;

TEST(SourceTransport, TheCallersRightsGoToTheApiServerAlone) {
  Server cluster, elsewhere;
  kube::Config config;
  config.server = cluster.url("");
  config.token = Secret("mine");
  const SystemClock clock;
  auto client = kube::Client::connect(config, clock).value();
  const auto transport = make_source_transport(client, http::make_curl_transport({}).value());
  const auto ask = [&](const std::string& url) {
    http::Request request;
    request.url = url;
    request.headers.push_back({"Authorization", "Basic theirs"});
    request.redirects_max = 3;
    EXPECT_TRUE(transport->send(request)) << url;
    EXPECT_TRUE(transport->open(request, {})) << url;
    EXPECT_TRUE(transport->send_all({request}, 1).front()) << url;
  };

  ask("http://charts.team.svc/index.yaml?a=b");
  const std::string proxied = "/api/v1/namespaces/team/services/charts:http/proxy";
  EXPECT_EQ(cluster.seen(), Lines(3, proxied + "/index.yaml?a=b Bearer mine"));
  ask(elsewhere.url("/web-1.0.0.tgz"));
  EXPECT_EQ(elsewhere.seen(), Lines(3, "/web-1.0.0.tgz Basic theirs"));
  EXPECT_EQ(cluster.seen().size(), 3U);
  ask("http://charts.team.svc/../../../../../../../secrets");
  EXPECT_EQ(cluster.seen().back(), proxied + "/secrets Bearer mine");
  ask("http://charts.team.svc/away");
  EXPECT_EQ(cluster.seen().back(), proxied + "/away Bearer mine");
}

}  // namespace
}  // namespace holdfast::bootstrap
