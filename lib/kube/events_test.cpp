// SPDX-License-Identifier: Apache-2.0
#include "kube/events.h"

#include "fakes/loopback.h"
#include "value/json.h"

#include <gtest/gtest.h>

namespace holdfast::kube {
namespace {

using fakes::Connection;
using fakes::Loopback;
using fakes::Received;

struct Recorder {
  std::vector<Received> seen;
  int patch_status = 200;
  ManualClock clock;
  std::unique_ptr<Loopback> server = Loopback::answering([this](const Received& got,
                                                                Connection& peer) {
    if (got.target == "/version") {
      peer.answer(200, "{}");
    } else if (got.target == "/api") {
      peer.answer(200,
                  R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":""},"versions":[
    {"version":"v1",
        "resources":[{"resource":"events","responseKind":{"kind":"Event"},
    "scope":"Namespaced"}]}]}]})");
    } else if (got.target == "/apis") {
      peer.answer(200, R"({"kind":"APIGroupDiscoveryList","items":[]})");
    } else {
      seen.push_back(got);
      peer.answer(got.method == "PATCH" ? patch_status : 201,
                  R"({"kind":"Status","details":{"name":"x"},"code":404})");
    }
  });
  Client client = *Client::connect(
      [this] {
        Config config;
        config.server = server->url("");
        return config;
      }(),
      clock);
  EventRecorder recorder{client, "holdfast-agent", "pod-1"};
  Remark remark{.about = {"argoproj.io", "v1alpha1", "Application", "argocd", "web"},
                .uid = "u1",
                .reason = "ResourceUpdated",
                .message = "Updated sync status: -> Synced"};
};

TEST(EventRecorder, WritesAnEventAboutTheObject) {
  Recorder test;
  test.clock.advance(*parse_rfc3339("2026-11-23T08:00:00Z") - test.clock.wall());
  test.recorder.record(test.remark);
  ASSERT_EQ(test.seen.size(), 1U);
  EXPECT_EQ(test.seen[0].method, "POST");
  EXPECT_TRUE(test.seen[0].target.starts_with("/api/v1/namespaces/argocd/events"));
  const Value event = *json::parse(test.seen[0].body, "event");
  EXPECT_TRUE(event.text({"metadata", "name"}).starts_with("web.1"));
  EXPECT_EQ(event.text({"involvedObject", "uid"}), "u1");
  EXPECT_EQ(event.text({"involvedObject", "apiVersion"}), "argoproj.io/v1alpha1");
  EXPECT_EQ(event.text({"type"}), "Normal");
  EXPECT_EQ(event.text({"source", "component"}), "holdfast-agent");
  EXPECT_EQ(event.text({"firstTimestamp"}), "2026-11-23T08:00:00Z");
}

TEST(EventRecorder, RaisesTheCountOfTheSameRemark) {
  Recorder test;
  test.recorder.record(test.remark);
  test.recorder.record(test.remark);
  test.recorder.record(test.remark);
  ASSERT_EQ(test.seen.size(), 3U);
  EXPECT_EQ(test.seen[2].method, "PATCH");
  EXPECT_EQ(*json::parse(test.seen[2].body, "patch")->find("count")->as_int(), 3);
  test.remark.message = "another";
  test.recorder.record(test.remark);
  EXPECT_EQ(test.seen[3].method, "POST");
  test.clock.advance(std::chrono::minutes(11));
  test.recorder.record(test.remark);
  EXPECT_EQ(test.seen[4].method, "POST") << "a remark is forgotten after ten minutes";
}

TEST(EventRecorder, WritesANewEventWhenTheServerForgotTheOld) {
  Recorder test;
  test.recorder.record(test.remark);
  test.patch_status = 404;
  test.recorder.record(test.remark);
  ASSERT_EQ(test.seen.size(), 3U);
  EXPECT_EQ(test.seen[2].method, "POST");
}

TEST(EventRecorder, CutsOffAnObjectThatChatters) {
  Recorder test;
  for (int i = 0; i < 40; ++i) {
    test.remark.message = std::to_string(i);
    test.recorder.record(test.remark);
  }
  EXPECT_EQ(test.seen.size(), 25U);
  test.clock.advance(std::chrono::minutes(5));
  test.remark.message = "later";
  test.recorder.record(test.remark);
  EXPECT_EQ(test.seen.size(), 26U);
}

TEST(EventRecorder, CutsALongMessageBetweenCharacters) {
  Recorder test;
  for (int i = 0; i < 600; ++i)
    test.remark.message += "é";
  test.recorder.record(test.remark);
  const Value event = *json::parse(test.seen[0].body, "event");
  EXPECT_LE(event.text({"message"}).size(), 1024U);
  EXPECT_TRUE(event.text({"message"}).ends_with("é..."));
}

}  // namespace
}  // namespace holdfast::kube
