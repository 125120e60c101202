// SPDX-License-Identifier: Apache-2.0
// A scripted registry: challenges, pages and lies. A real one is in tests/e2e/sources.
#include "charts/registry.h"

#include "base/text.h"
#include "fakes/loopback.h"
#include "value/json.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::charts {
namespace {

struct Answer {
  int status = 200;
  std::string body;
  std::string headers;
};

struct RegistryTest : testing::Test {
  std::map<std::string, std::function<Answer(const fakes::Received&)>> routes;
  std::vector<std::string> asked;
  std::mutex mutex;
  std::unique_ptr<fakes::Loopback> loopback =
      fakes::Loopback::answering([this](const fakes::Received& received, fakes::Connection& to) {
        const std::scoped_lock lock(mutex);
        asked.push_back(received.target);
        const auto found = routes.find(received.target);
        const auto answer = found == routes.end() ? Answer{404, "", ""} : found->second(received);
        to.answer(answer.status, answer.body, answer.headers);
      });
  Repository repository{
      .url = fmt::format("127.0.0.1:{}/charts", loopback->port()), .kind = Kind::registry, .wire = Wire::plain};
  ManualClock clock;
  std::stop_token stop;
  std::unique_ptr<http::Transport> transport = http::make_curl_transport({}).value();

  Result<Registry> open(std::string_view chart = "web") {
    return Registry::open({*transport, repository, clock, stop}, chart, {});
  }

  static std::string manifest_of(std::string_view layer_type, std::string_view layer,
                                 std::string_view config = "application/vnd.cncf.helm.config.v1+json") {
    const auto digest = crypto::sha256(layer).text();
    return json::write(Object{{"config", Object{{"mediaType", std::string(config)}}},
                              {"layers", Array{Object{{"digest", digest}, {"mediaType", std::string(layer_type)}}}}});
  }

  void serve(const std::string& target, const std::string& body) {
    routes[target] = [body](const fakes::Received&) { return Answer{200, body, ""}; };
  }
};

constexpr std::string_view chart_type = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

TEST_F(RegistryTest, ATokenIsFetchedOnceAndUsed) {
  repository.username = "ann";
  repository.password = Secret("s3cret");
  const auto realm = loopback->url("/token");
  const auto guarded = [&](std::string body) {
    return [=](const fakes::Received& received) -> Answer {
      const auto found = received.headers.find("authorization");
      if (found != received.headers.end() && found->second == "Bearer t0ken") return {200, body, ""};
      return {401, "", fmt::format("WWW-Authenticate: Bearer realm=\"{}\",service=\"my registry\",scope=\"repository:charts/web:pull\"\r\n", realm)};
    };
  };
  routes["/v2/charts/web/tags/list?n=1000"] = guarded(R"({"tags":["1.0.0","1.1.0_build.2"]})");
  routes["/v2/charts/web/manifests/1.1.0_build.2"] = guarded(manifest_of(chart_type, "layer"));
  routes["/token?service=my%20registry&scope=repository%3Acharts%2Fweb%3Apull"] =
      [](const fakes::Received& received) -> Answer {
    EXPECT_EQ(received.headers.at("authorization"), "Basic " + to_base64("ann:s3cret"));
    return {200, R"({"access_token":"t0ken"})", ""};
  };
  auto registry = open().value();
  const auto tags = registry.tags();
  ASSERT_TRUE(tags) << tags.error().message();
  EXPECT_EQ(*tags, (std::vector<std::string>{"1.0.0", "1.1.0+build.2"}));
  const auto manifest = registry.manifest("1.1.0+build.2");
  ASSERT_TRUE(manifest) << manifest.error().message();
  EXPECT_EQ(manifest->content, Content::chart);
  EXPECT_EQ(asked.size(), 4U);
}

TEST_F(RegistryTest, TagsComeInPages) {
  routes["/v2/charts/web/tags/list?n=1000"] = [](const fakes::Received&) -> Answer {
    return {200, R"({"tags":["1"]})", "Link: </v2/charts/web/tags/list?n=1000&last=1>; rel=\"next\"\r\n"};
  };
  serve("/v2/charts/web/tags/list?n=1000&last=1", R"({"tags":["2"]})");
  EXPECT_EQ(open()->tags().value(), (std::vector<std::string>{"1", "2"}));
}

TEST_F(RegistryTest, PagesWithoutEndHaveTheirTime) {
  for (const auto* from : {"a", "b"}) {
    routes[fmt::format("/v2/charts/web/tags/list?n=1000&last={}", from)] = [this, from](const fakes::Received&) -> Answer {
      clock.advance(std::chrono::seconds(50));
      const auto* to = std::string_view(from) == "a" ? "b" : "a";
      return {200, R"({"tags":[]})", fmt::format("Link: </v2/charts/web/tags/list?n=1000&last={}>; rel=\"next\"\r\n", to)};
    };
  }
  routes["/v2/charts/web/tags/list?n=1000"] = [](const fakes::Received&) -> Answer {
    return {200, R"({"tags":[]})", "Link: </v2/charts/web/tags/list?n=1000&last=a>; rel=\"next\"\r\n"};
  };
  const auto tags = open()->tags();
  ASSERT_FALSE(tags);
  EXPECT_EQ(tags.error().code(), Code::timed_out);
  EXPECT_EQ(tags.error().what(), "the tags of \"charts/web\" are not complete after 2 min 00 s");
}

TEST_F(RegistryTest, WhatIsNotItsDigestIsRefused) {
  serve("/v2/charts/web/manifests/1.0.0", manifest_of(chart_type, "layer"));
  serve("/v2/charts/web/blobs/" + crypto::sha256("layer").text(), "another layer");
  auto registry = open().value();
  const auto manifest = registry.manifest("1.0.0").value();
  EXPECT_EQ(registry.layer(manifest).error().what(), "the registry's layer is not what its digest says");
  const auto other = crypto::sha256("x").text();
  serve("/v2/charts/web/manifests/" + other, manifest_of(chart_type, "layer"));
  EXPECT_EQ(registry.manifest(other).error().what(),
            fmt::format("the manifest of \"{}\" is not what its digest says", other));
}

TEST_F(RegistryTest, ManifestsHaveOneLayerOfFiles) {
  struct Case {
    std::string_view name;
    std::string body;
    std::string_view want;
  };

  const auto cases = std::to_array<Case>({
      {"plain", manifest_of("application/vnd.oci.image.layer.v1.tar+gzip", "x", "application/vnd.oci.empty.v1+json"), "artifact"},
      {"chart", manifest_of(chart_type, "x"), "chart"},
      {"chart without content", manifest_of("application/vnd.oci.image.layer.v1.tar+gzip", "x"), "\"charts/web:1\" has 0 layers of files, wanted: one"},
      {"signature", manifest_of("text/plain", "x", "text/plain"), "\"charts/web:1\" has 0 layers of files, wanted: one"},
  });
  for (const auto& each : cases) {
    serve("/v2/charts/web/manifests/1", each.body);
    const auto manifest = open()->manifest("1");
    const auto got = !manifest ? manifest.error().what() : manifest->content == Content::chart ? "chart" : "artifact";
    EXPECT_EQ(got, each.want) << each.name;
  }
}

TEST_F(RegistryTest, NamesAndAddressesHaveAGrammar) {
  for (const std::string_view chart : {"../x", "A", "a//b", "a b", "a?x", "a#x", "."}) {
    EXPECT_FALSE(open(chart)) << chart;
  }
  EXPECT_FALSE(open()->manifest("../../blobs"));
  EXPECT_FALSE(open()->manifest(""));
  for (const std::string_view url : {"", "/x", "oci://", "user:pw@host/x", "host"}) {
    Repository other{.url = std::string(url), .kind = Kind::registry};
    EXPECT_FALSE(Registry::open({*transport, other, clock, stop}, "", {})) << url;
  }
}

TEST_F(RegistryTest, CredentialsNeverGoToAPlainTokenService) {
  repository.username = "ann";
  repository.wire = Wire::tls;
  routes["/v2/charts/web/tags/list?n=1000"] = [](const fakes::Received&) -> Answer {
    return {401, "", "WWW-Authenticate: Bearer realm=\"ftp://tokens.example.com/\"\r\n"};
  };
  repository.wire = Wire::plain;
  EXPECT_EQ(open()->tags().error().what(), "the registry's token service is not reached over TLS");
}

}  // namespace
}  // namespace holdfast::charts
