// SPDX-License-Identifier: Apache-2.0
// The client against scripted answers; tests/e2e/kube_contract asks a real API server the same.
#include "kube/client.h"

#include "fakes/loopback.h"
#include "fakes/temporary_folder.h"
#include "kube/reviews.h"
#include "value/json.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

namespace holdfast::kube {
namespace {

using fakes::Connection;
using fakes::Loopback;
using fakes::Received;

constexpr const char* core_discovery =
    R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":""},"versions":[
    {"version":"v1","resources":[
{"resource":"configmaps","responseKind":{"kind":"ConfigMap"},"scope":"Namespaced"},
{"resource":"namespaces","responseKind":{"kind":"Namespace"},"scope":"Cluster"}]}]}]})";

// Answers what every client asks first, and hands the rest to `answer`.
std::unique_ptr<Loopback> api_server(std::function<void(const Received&, Connection&)> answer) {
  return Loopback::answering([answer = std::move(answer)](const Received& got, Connection& peer) {
    if (got.target == "/version") {
      peer.answer(200, R"({"gitVersion":"v1.37.2"})");
    } else if (got.target == "/api") {
      peer.answer(200, core_discovery);
    } else if (got.target == "/apis") {
      peer.answer(200, R"({"kind":"APIGroupDiscoveryList","items":[]})");
    } else {
      answer(got, peer);
    }
  });
}

Config config_for(const Loopback& server) {
  Config config;
  config.server = server.url("");
  config.http.retry = {std::chrono::milliseconds(1), std::chrono::milliseconds(5)};
  return config;
}

const SystemClock system_clock;

Client client_for(const Loopback& server) {
  return *Client::connect(config_for(server), system_clock);
}

Value config_map(const std::string& name) {
  Value object(Object{{"apiVersion", "v1"}, {"kind", "ConfigMap"}});
  object["metadata"] = Object{{"name", name}, {"namespace", "shop"}};
  return object;
}

TEST(Client, ReadsTheVersionWhenItConnects) {
  const auto server = api_server([](const Received&, Connection& peer) { peer.answer(500, ""); });
  EXPECT_EQ(client_for(*server).server_version(), "v1.37.2");
  Config nobody;
  nobody.server = fmt::format("http://127.0.0.1:{}", fakes::closed_port());
  nobody.http.retry = {std::chrono::milliseconds(1), std::chrono::milliseconds(1)};
  const auto refused = Client::connect(nobody, system_clock);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::cluster_unreachable);
  EXPECT_TRUE(refused.error().message().starts_with("get /version: the cluster does not answer"))
      << refused.error().message();
}

TEST(Client, TellsAPersonAtOnceThatNobodyIsThereAndWaitsForWhoIsBusy) {
  std::atomic<int> met = 0;
  const Loopback nobody([&](Connection&) { ++met; });  // hangs up
  Config config;
  config.server = nobody.url("");
  config.http.retry = {std::chrono::milliseconds(1), std::chrono::milliseconds(1)};
  EXPECT_EQ(Client::connect(config, system_clock, Absence::refused_at_once).error().code(), Code::cluster_unreachable);
  EXPECT_EQ(met, 1);
  EXPECT_EQ(Client::connect(config, system_clock, Absence::waited_out).error().code(), Code::cluster_unreachable);
  EXPECT_EQ(met, 6);
  std::atomic<int> asked = 0;
  const auto server = Loopback::answering([&](const Received&, Connection& peer) {
    if (++asked < 3) return void(peer.answer(503, ""));
    peer.answer(200, R"({"gitVersion":"v1.37.2"})");
  });
  config.server = server->url("");
  EXPECT_TRUE(Client::connect(config, system_clock, Absence::refused_at_once));
  EXPECT_EQ(asked, 3);
}

TEST(Client, AppliesWithTheParametersOfServerSideApply) {
  Received seen;
  const auto server = api_server([&](const Received& got, Connection& peer) {
    seen = got;
    peer.answer(200, R"({"kind":"ConfigMap","metadata":{"resourceVersion":"7"}})");
  });
  Client client = client_for(*server);
  const auto applied = client.apply(
      config_map("a"),
      {.field_manager = "argocd-controller", .force = Force::yes, .dry_run = DryRun::yes});
  ASSERT_TRUE(applied.has_value()) << applied.error().message();
  EXPECT_EQ(applied->text({"metadata", "resourceVersion"}), "7");
  EXPECT_EQ(seen.method, "PATCH");
  EXPECT_EQ(
      seen.target,
      "/api/v1/namespaces/shop/configmaps/a?fieldManager=argocd-controller&force=true&dryRun=All&"
      "fieldValidation=Warn");
  EXPECT_EQ(seen.headers.at("content-type"), "application/apply-patch+yaml");
}

TEST(Client, AppliesManyAndKeepsTheirOrder) {
  const auto server = api_server([](const Received& got, Connection& peer) {
    if (got.target.find("/b?") != std::string::npos) {
      peer.answer(409,
                  R"({"kind":"Status","code":409,"details":{"causes":[
    {"reason":"FieldManagerConflict"}]}})");
    } else {
      peer.answer(200, got.body);
    }
  });
  Client client = client_for(*server);
  Value unknown(Object{{"apiVersion", "x/v1"}, {"kind", "Y"}});
  unknown["metadata"]["name"] = "z";
  Value homeless = config_map("h");
  homeless["metadata"].as_object()->erase("namespace");
  const std::vector<Value> objects = {config_map("a"), unknown, config_map("b"), homeless,
                                      config_map("c")};
  const auto results = client.apply_all(objects, {.field_manager = "m"}, 4);
  ASSERT_EQ(results.size(), 5U);
  EXPECT_EQ(results[0]->text({"metadata", "name"}), "a");
  EXPECT_EQ(results[1].error().code(), Code::kind_unknown);
  EXPECT_EQ(results[2].error().code(), Code::object_conflict);
  EXPECT_EQ(results[3].error().message(), "ConfigMap h has no namespace, and its kind needs one");
  EXPECT_EQ(results[4]->text({"metadata", "name"}), "c");
}

TEST(Client, ListsPageByPageAndCompletesTheItems) {
  std::vector<std::string> asked;
  const auto server = api_server([&](const Received& got, Connection& peer) {
    asked.push_back(got.target);
    if (got.target.find("continue") == std::string::npos) {
      peer.answer(
          200,
          R"({"metadata":{"resourceVersion":"5","continue":"n=1"},"items":[{"metadata":{"name":"a",
    "managedFields":[]}}]})");
    } else {
      peer.answer(200,
                  R"({"metadata":{"resourceVersion":"5"},"items":[{"metadata":{"name":"b"}}]})");
    }
  });
  Client client = client_for(*server);
  const KindInfo kind = *client.kind_of("v1", "ConfigMap");
  const auto list = client.list(kind, {.namespace_ = "shop",
                                       .label_selector = "a=b",
                                       .managed_fields = ManagedFields::drop,
                                       .page_size = 1});
  ASSERT_TRUE(list.has_value()) << list.error().message();
  ASSERT_EQ(list->items.size(), 2U);
  EXPECT_EQ(json::write(list->items[0]),
            R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}})");
  EXPECT_EQ(list->resource_version, "5");
  EXPECT_EQ(asked,
            (std::vector<std::string>{
                "/api/v1/namespaces/shop/configmaps?labelSelector=a%3Db&limit=1",
                "/api/v1/namespaces/shop/configmaps?labelSelector=a%3Db&limit=1&continue=n%3D1"}));
}

TEST(Client, ListsEverythingAtOnceWhenItsPlaceInThePagesIsLost) {
  const auto server = api_server([](const Received& got, Connection& peer) {
    if (got.target.find("continue") != std::string::npos) {
      peer.answer(410, R"({"kind":"Status","reason":"Expired","code":410})");
    } else if (got.target.find("limit") != std::string::npos) {
      peer.answer(200,
                  R"({"metadata":{"resourceVersion":"5","continue":"x"},"items":[
    {"metadata":{"name":"a"}}]})");
    } else {
      peer.answer(200,
                  R"({"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"a"}},
    {"metadata":{"name":"b"}}]})");
    }
  });
  Client client = client_for(*server);
  const auto list = client.list(*client.kind_of("v1", "ConfigMap"));
  ASSERT_TRUE(list.has_value());
  EXPECT_EQ(list->items.size(), 2U);
  EXPECT_EQ(list->resource_version, "9");
}

TEST(Client, DeletesWithPreconditions) {
  Received seen;
  const auto server = api_server([&](const Received& got, Connection& peer) {
    seen = got;
    peer.answer(200, "{}");
  });
  Client client = client_for(*server);
  const auto removed =
      client.remove({"", "v1", "ConfigMap", "shop", "a"}, {.propagation = Propagation::foreground,
                                                           .uid = "u",
                                                           .resource_version = "3",
                                                           .dry_run = DryRun::yes});
  ASSERT_TRUE(removed.has_value()) << removed.error().message();
  EXPECT_EQ(seen.method, "DELETE");
  EXPECT_EQ(
      seen.body,
      R"({"apiVersion":"v1","dryRun":["All"],"kind":"DeleteOptions",)"
      R"("preconditions":{"resourceVersion":"3","uid":"u"},"propagationPolicy":"Foreground"})");
}

TEST(Client, RetriesWhatTheServerPutsOff) {
  std::atomic<int> requests = 0;
  const auto server = api_server([&](const Received&, Connection& peer) {
    if (++requests == 1) {
      peer.answer(429, R"({"kind":"Status","code":429})", "Retry-After: 0\r\n");
    } else {
      peer.answer(201, "{}");
    }
  });
  Client client = client_for(*server);
  EXPECT_TRUE(client.create(config_map("a")).has_value());
  EXPECT_EQ(requests, 2);
  EXPECT_EQ(client.traffic().calls, 4U) << "version, discovery twice, create";
  EXPECT_EQ(client.traffic().throttled, 0U);
}

TEST(Client, DoesNotCreateTwiceWhenTheAnswerIsLost) {
  std::atomic<int> requests = 0;
  const auto server = api_server([&](const Received&, Connection& peer) {
    ++requests;
    peer.shut_down();
  });
  Client client = client_for(*server);
  EXPECT_EQ(client.create(config_map("a")).error().code(), Code::cluster_unreachable);
  EXPECT_EQ(requests, 1);
}

TEST(Client, ReadsTheTokenAgainAfterA401AndAsksOnceMore) {
  const TemporaryFolder folder("token");
  const auto token_file = folder / "token";
  std::ofstream(token_file) << "old";
  std::vector<std::string> tokens;
  const auto server = api_server([&](const Received& got, Connection& peer) {
    tokens.push_back(got.headers.at("authorization"));
    if (tokens.back() == "Bearer old") std::ofstream(token_file) << "new";
    peer.answer(tokens.back() == "Bearer new" ? 200 : 401, R"({"kind":"Status","code":401})");
  });
  Config config = config_for(*server);
  config.token_file = token_file.string();
  Client client = *Client::connect(config, system_clock);
  EXPECT_TRUE(client.get({"", "v1", "Namespace", "", "shop"}).has_value());
  EXPECT_EQ(tokens, (std::vector<std::string>{"Bearer old", "Bearer new"}));
}

TEST(Client, LooksOnceMoreForAKindThatItDoesNotKnow) {
  std::atomic<int> discoveries = 0;
  const auto server = Loopback::answering([&](const Received& got, Connection& peer) {
    if (got.target == "/version") {
      peer.answer(200, "{}");
    } else if (got.target == "/api") {
      ++discoveries;
      peer.answer(200, discoveries == 1 ? R"({"kind":"APIGroupDiscoveryList","items":[]})"
                                        : core_discovery);
    } else {
      peer.answer(200, R"({"kind":"APIGroupDiscoveryList","items":[
        {"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1",
    "freshness":"Stale"}]}]})");
    }
  });
  ManualClock clock;
  Client client = *Client::connect(config_for(*server), clock);
  ASSERT_TRUE(client.catalog().has_value());
  clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(client.kind_of("v1", "ConfigMap").has_value());
  EXPECT_EQ(discoveries, 2);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(client.kind_of("v1", "Nothing").error().code(), Code::kind_unknown);
  }
  EXPECT_EQ(discoveries, 2) << "a young catalog is believed";
  const auto stale = client.kind_of("metrics.k8s.io/v1beta1", "PodMetrics");
  EXPECT_EQ(stale.error().code(), Code::cluster_unreachable) << "unknown is not absent";
}

TEST(Client, ReachesAServiceThroughTheApiServer) {
  Received seen;
  const auto server = api_server([&](const Received& got, Connection& peer) {
    seen = got;
    peer.answer(200, "hello");
  });
  Client client = client_for(*server);
  const std::string base = client.service_url({"argocd", "agent", "http"});
  const auto answer = client.send({.method = "POST",
                                   .url = base + "/git/info?service=x",
                                   .headers = {{"X-Holdfast-Token", "t"}},
                                   .body = "b"});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->body, "hello");
  EXPECT_EQ(seen.target, "/api/v1/namespaces/argocd/services/agent:http/proxy/git/info?service=x");
  EXPECT_EQ(seen.headers.at("x-holdfast-token"), "t");
}

TEST(Reviews, RefuseATokenOfAnotherAudience) {
  std::string status;
  const auto server =
      api_server([&](const Received&, Connection& peer) { peer.answer(201, status); });
  Client client = client_for(*server);
  status =
      R"({"status":{"authenticated":true,"audiences":["holdfast"],"user":{"username":"ada",
    "groups":["dev"]}}})";
  const auto user = review_token(client, Secret("t"), {"holdfast"});
  ASSERT_TRUE(user.has_value()) << user.error().message();
  EXPECT_EQ(user->name, "ada");
  EXPECT_EQ(user->groups, std::vector<std::string>{"dev"});
  EXPECT_EQ(review_token(client, Secret("t"), {"other"}).error().code(), Code::forbidden);
  status = R"({"status":{"error":"token has expired"}})";
  EXPECT_EQ(review_token(client, Secret("t"), {"holdfast"}).error().message(),
            "the token is not accepted: token has expired");
}

}  // namespace
}  // namespace holdfast::kube
