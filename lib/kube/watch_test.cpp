// SPDX-License-Identifier: Apache-2.0
#include "kube/watch.h"

#include "fakes/loopback.h"
#include "value/json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>

namespace holdfast::kube {
namespace {

using fakes::Connection;
using fakes::Loopback;
using fakes::Received;
using std::chrono::milliseconds;

const SystemClock system_clock;
const KindInfo config_maps{
    .version = "v1", .kind = "ConfigMap", .resource = "configmaps", .namespaced = true};
const WatchTimes quick{.first_pause = milliseconds(1), .longest_pause = milliseconds(2), .silence_max = milliseconds(500)};

std::string object(const std::string& name, const std::string& uid, const std::string& version) {
  return fmt::format(
      R"({{"metadata":{{"name":"{}","namespace":"x","uid":"{}","resourceVersion":"{}"}}}})", name,
      uid, version);
}

std::string list(const std::string& version, const std::vector<std::string>& items) {
  return fmt::format(R"({{"metadata":{{"resourceVersion":"{}"}},"items":[{}]}})", version,
                     fmt::join(items, ","));
}

std::string event(const std::string& type, const std::string& body) {
  return fmt::format("{{\"type\":\"{}\",\"object\":{}}}\n", type, body);
}

bool is_watch(const Received& got) {
  return got.target.find("watch=1") != std::string::npos;
}

// Runs a watch against a server whose list and watch requests are answered in turn by `answers`;
// ends when there are none left. What the handler saw, one line for each event.
struct Script {
  std::vector<std::function<void(const Received&, Connection&)>> answers;
  std::vector<std::string> targets;
  std::vector<std::string> seen;
  Result<> outcome;

  void run() {
    std::stop_source stop;
    std::atomic<std::size_t> next = 0;
    const auto server = Loopback::answering([&](const Received& got, Connection& peer) {
      if (got.target == "/version") {
        peer.answer(200, "{}");
        return;
      }
      const std::size_t index = next++;
      if (index >= answers.size()) {
        stop.request_stop();
        peer.wait_until_closed();
        return;
      }
      targets.push_back(got.target);
      answers[index](got, peer);
    });
    Config config;
    config.server = server->url("");
    config.http.retry = {milliseconds(1), milliseconds(1)};
    Client client = *Client::connect(config, system_clock);
    outcome = watch(
        client, config_maps, {}, [&](WatchEvent&& event) { note(event); }, stop.get_token(), quick);
  }

  void note(const WatchEvent& event) {
    const auto name = event.object.text({"metadata", "name"});
    const auto version = event.object.text({"metadata", "resourceVersion"});
    switch (event.kind) {
      case WatchEvent::Kind::added:
        seen.push_back(fmt::format("added {} {}", name, version));
        break;
      case WatchEvent::Kind::modified:
        seen.push_back(fmt::format("modified {} {}", name, version));
        break;
      case WatchEvent::Kind::deleted:
        seen.push_back(fmt::format("deleted {} {}", name, event.object.text({"metadata", "uid"})));
        break;
      case WatchEvent::Kind::rewound: seen.push_back("rewound"); break;
      case WatchEvent::Kind::synced: seen.push_back("synced " + event.resource_version); break;
      case WatchEvent::Kind::trouble:
        seen.push_back(fmt::format("trouble {}", row_of(event.error->code()).name));
        break;
    }
  }

  void then_answer(int status, std::string body) {
    answers.emplace_back([=](const Received&, Connection& peer) { peer.answer(status, body); });
  }

  // A watch that ends after these events.
  void then_events(std::vector<std::string> events) {
    answers.emplace_back([=](const Received& got, Connection& peer) {
      EXPECT_TRUE(is_watch(got)) << got.target;
      peer.begin_chunked();
      for (const auto& line : events)
        peer.chunk(line);
      peer.chunk("");
    });
  }
};

using Lines = std::vector<std::string>;

TEST(Watch, ListsThenFollowsAndGoesOnFromTheLastPlace) {
  Script script;
  script.then_answer(200, list("10", {object("a", "u1", "5"), object("b", "u2", "6")}));
  script.then_events({event("MODIFIED", object("a", "u1", "11")),
                      event("BOOKMARK", object("", "", "15")),
                      event("DELETED", object("b", "u2", "16"))});
  script.then_events({event("ADDED", object("c", "u3", "20"))});
  script.run();
  EXPECT_EQ(script.seen, (Lines{"added a 5", "added b 6", "synced 10", "modified a 11",
                                "deleted b u2", "added c 20"}));
  ASSERT_EQ(script.targets.size(), 3U);
  EXPECT_EQ(script.targets[0], "/api/v1/configmaps?limit=500");
  EXPECT_TRUE(script.targets[1].starts_with(
      "/api/v1/configmaps?watch=1&allowWatchBookmarks=true&resourceVersion=10&timeoutSeconds="));
  EXPECT_NE(script.targets[2].find("resourceVersion=16&"), std::string::npos);
}

TEST(Watch, ListsAgainWhenItsPlaceIsGoneAndReportsWhatVanished) {
  Script script;
  script.then_answer(
      200, list("10", {object("a", "u1", "5"), object("b", "u2", "6"), object("c", "u3", "7")}));
  script.then_answer(410, R"({"kind":"Status","reason":"Expired","code":410})");
  script.then_answer(200, list("30", {object("a", "u1", "5"), object("c", "u9", "21")}));
  script.then_events({event("ERROR", R"({"kind":"Status","code":410,"reason":"Expired"})")});
  script.then_answer(200, list("40", {object("a", "u1", "33")}));
  script.run();
  EXPECT_EQ(script.seen,
            (Lines{"added a 5", "added b 6", "added c 7", "synced 10",         // first list
                   "deleted c u3", "added c 21", "deleted b u2", "synced 30",  // 410 as status
                   "modified a 33", "deleted c u9", "synced 40"}));            // 410 in the stream
}

TEST(Watch, LosesNoDeletionWhenTheListsPagesExpire) {
  Script script;
  script.then_answer(200, list("10", {object("a", "u1", "5"), object("b", "u2", "6")}));
  script.then_answer(410, R"({"kind":"Status","code":410})");
  script.then_answer(200, R"({"metadata":{"resourceVersion":"20","continue":"n"},"items":[)" +
                              object("a", "u1", "5") + "]}");
  script.then_answer(410, R"({"kind":"Status","reason":"Expired","code":410})");
  script.then_answer(200, list("30", {object("b", "u2", "6")}));
  script.run();
  EXPECT_EQ(script.seen,
            (Lines{"added a 5", "added b 6", "synced 10", "deleted a u1", "synced 30"}));
  EXPECT_EQ(script.targets[4], "/api/v1/configmaps");
}

TEST(Watch, GoesOnAfterTroubleWithoutLosingItsPlace) {
  Script script;
  script.then_answer(500, "{}");
  for (int i = 0; i < 4; ++i)
    script.then_answer(500, "{}");  // the client's own retries
  script.then_answer(200, list("10", {}));
  script.then_events(
      {event("ADDED", object("a", "u1", "11")), "{\"type\":\"ADDED\",\"object\":7}\n"});
  script.then_events({event("ERROR", R"({"kind":"Status","code":500})")});
  script.then_answer(200, list("12", {object("a", "u1", "11")}));
  script.answers.emplace_back([](const Received&, Connection& peer) {
    peer.begin_chunked();
    peer.chunk("{\"type\":\"MOD");
    peer.shut_down();
  });
  script.then_events({event("MODIFIED", object("a", "u1", "13"))});
  script.run();
  EXPECT_EQ(script.seen,
            (Lines{"trouble HF-E-1004", "synced 10", "added a 11", "trouble HF-E-3012", "synced 11",
                   "trouble HF-E-1004", "synced 12", "trouble HF-E-1004", "synced 12",
                   "modified a 13"}));
  EXPECT_NE(script.targets[7].find("resourceVersion=11&"), std::string::npos);
  EXPECT_NE(script.targets[10].find("resourceVersion=12&"), std::string::npos);
}

TEST(Watch, SaysThatTheTroubleIsOverWhenTheServerAnswersAndHasNothingToTell) {
  Script script;
  script.then_answer(200, list("10", {}));
  script.answers.emplace_back([](const Received&, Connection& peer) {
    peer.begin_chunked();
    peer.shut_down();
  });
  script.then_events({});
  script.then_events({});
  script.run();
  EXPECT_EQ(script.seen, (Lines{"synced 10", "trouble HF-E-1004", "synced 10"}));
}

// Its watch from a place that is still to come is silent, not refused.
TEST(Watch, ReportsEverythingAgainWhenTheServerHasGoneBack) {
  Script script;
  script.then_answer(200, list("50", {object("a", "u1", "40"), object("b", "u2", "20"), object("c", "u3", "45")}));
  script.answers.emplace_back([](const Received&, Connection& peer) {
    peer.begin_chunked();
    peer.wait_until_closed();
  });
  script.then_answer(200, list("30", {object("a", "u1", "10"), object("b", "u2", "20")}));
  script.then_answer(200, list("30", {object("a", "u1", "10"), object("b", "u2", "20")}));
  script.then_events({event("MODIFIED", object("a", "u1", "31"))});
  script.run();
  EXPECT_EQ(script.seen, (Lines{"added a 40", "added b 20", "added c 45", "synced 50", "trouble HF-E-1013", "modified a 10", "rewound",
                                "modified a 10", "modified b 20", "deleted c u3", "synced 30", "modified a 31"}));
}

TEST(Watch, EndsWhenTheKindIsServedNoMoreOrForbidden) {
  for (const auto& [status, code] :
       {std::pair{404, Code::kind_unknown}, std::pair{403, Code::forbidden}}) {
    Script script;
    script.then_answer(status, "");
    script.run();
    ASSERT_FALSE(script.outcome.has_value());
    EXPECT_EQ(script.outcome.error().code(), code);
    EXPECT_TRUE(script.seen.empty());
  }
}

TEST(StreamDecoder, CutsEventsHoweverTheBytesArrive) {
  const std::string bytes =
      event("ADDED", object("a", "u", "1")) + "\n" + event("DELETED", object("b", "u", "2"));
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    StreamDecoder decoder;
    Lines names;
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      const auto fed =
          decoder.feed(std::string_view(bytes).substr(at, step), [&](StreamEvent&& found) {
            names.emplace_back(found.object.text({"metadata", "name"}));
            return Result<>();
          });
      ASSERT_TRUE(fed.has_value()) << fed.error().message();
    }
    EXPECT_EQ(names, (Lines{"a", "b"})) << step;
  }
}

TEST(StreamDecoder, RefusesWhatIsNoEvent) {
  const auto ignore = [](StreamEvent&&) { return Result<>(); };
  for (const auto* bad :
       {"{\n", "{\"type\":\"NEW\",\"object\":{}}\n", "{\"type\":\"ADDED\"}\n", "[]\n"}) {
    EXPECT_FALSE(StreamDecoder().feed(bad, ignore).has_value()) << bad;
  }
  EXPECT_EQ(StreamDecoder().feed(std::string((32U << 20) + 1, 'x'), ignore).error().code(),
            Code::limit);
}

}  // namespace
}  // namespace holdfast::kube
