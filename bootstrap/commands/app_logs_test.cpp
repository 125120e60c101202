// SPDX-License-Identifier: Apache-2.0
// `app logs` against an API server of which each pod is another kind of trouble.
#include <gtest/gtest.h>

#include <fcntl.h>

#include <fstream>
#include <semaphore>
#include <sstream>

#include "commands/app.h"
#include "fakes/loopback.h"
#include "fakes/temporary_folder.h"
#include "value/json.h"

namespace holdfast::bootstrap {
namespace {

using fakes::Connection;
using fakes::Received;

constexpr const char* core = R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":""},"versions":[{"version":"v1",
    "resources":[{"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced"}]}]}]})";
constexpr const char* groups = R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"argoproj.io"},"versions":[{"version":"v1alpha1",
    "resources":[{"resource":"applications","responseKind":{"kind":"Application"},"scope":"Namespaced"}]}]}]})";

class PodLogs : public testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(kubeconfig) << json::write(Object{
        {"apiVersion", "v1"}, {"kind", "Config"}, {"current-context", "c"},
        {"clusters", Array{Object{{"name", "c"}, {"cluster", Object{{"server", server->url("")}}}}}},
        {"users", Array{Object{{"name", "c"}, {"user", Object{}}}}},
        {"contexts", Array{Object{{"name", "c"}, {"context", Object{{"cluster", "c"}, {"user", "c"}}}}}}});
  }

  void answer(const Received& got, Connection& peer) {
    const auto is = [&](std::string_view part) { return got.target.find(part) != std::string::npos; };
    if (got.target == "/version") return void(peer.answer(200, R"({"gitVersion":"v1.37.2"})"));
    if (got.target == "/api" || got.target == "/apis") return void(peer.answer(200, got.target == "/api" ? core : groups));
    if (is("/pods?")) return void(peer.answer(200, R"({"kind":"PodList","items":[],"metadata":{"resourceVersion":"1"}})"));
    if (is("/applications/shop")) {
      Array rows;
      for (const auto& pod : pods) rows.push_back(Object{{"version", "v1"}, {"kind", "Pod"}, {"namespace", "shop"}, {"name", pod}});
      Value app = json::parse(R"({"metadata":{"name":"shop","namespace":"argocd"},"spec":{"source":{"repoURL":"a"}}})", "app").value();
      app["status"]["resources"] = std::move(rows);
      return void(peer.answer(200, json::write(app)));
    }
    if (!is("/log?")) return void(peer.answer(200, R"({"spec":{"containers":[{"name":"main"}]}})"));
    if (is("/waiting/")) return void(peer.answer(400, R"({"kind":"Status","code":400,"reason":"BadRequest","message":"container main is waiting to start"})"));
    if (!is("follow=true")) return void(peer.answer(200, is("tailLines") ? "the end\n" : "the beginning\nthe end\n"));
    // Each has more to say only when the other one is read as well.
    peer.begin_chunked();
    peer.chunk("hello\n");
    (is("/one/") ? two : one).release();
    const bool both = (is("/one/") ? one : two).try_acquire_for(std::chrono::seconds(20));
    peer.chunk(both ? "bye\n" : "alone\n");
    peer.chunk("");
  }

  // Why there are none; "" when there are.
  std::string refusal(std::vector<std::string> of, AppLogsOptions options = {}) {
    pods = std::move(of);
    options.cluster.kubeconfig = kubeconfig;
    options.name = "shop";
    const auto done = run_app_logs(options, console);
    return done ? std::string() : done.error().message();
  }

  std::string told() const {
    std::ostringstream text;
    text << std::ifstream(folder.path("out")).rdbuf();
    return text.str();
  }

  const TemporaryFolder folder{"app"};
  const std::string kubeconfig = folder.path("kubeconfig");
  std::vector<std::string> pods;
  std::counting_semaphore<> one{0}, two{0};
  const SystemClock clock;
  const FileDescriptor out{::open(folder.path("out").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  Console console{out.get(), out.get(), Output::text, clock};
  std::unique_ptr<fakes::Loopback> server =
      fakes::Loopback::answering([this](const Received& got, Connection& peer) { answer(got, peer); });
};

TEST_F(PodLogs, OfSeveralPodsAreFollowedAtOnce) {
  AppLogsOptions options;
  options.follow = true;
  EXPECT_EQ(refusal({"one", "two"}, options), "");
  const auto text = told();
  for (const char* line : {"one main | hello\n", "two main | hello\n", "one main | bye\n", "two main | bye\n"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "in\n" << text;
  }
}

TEST_F(PodLogs, AContainerThatHasNotBegunSaysSoInItsPlace) {
  EXPECT_EQ(refusal({"waiting", "one"}), "");
  const auto text = told();
  EXPECT_NE(text.find("waiting main | "), std::string::npos) << text;
  EXPECT_NE(text.find("container main is waiting to start"), std::string::npos) << text;
  EXPECT_NE(text.find("one main | the beginning\none main | the end\n"), std::string::npos) << text;
  EXPECT_NE(refusal({"waiting"}).find("waiting to start"), std::string::npos);  // nobody has anything to say
}

TEST_F(PodLogs, ATailOfZeroIsEverything) {
  AppLogsOptions options;
  EXPECT_EQ(refusal({"one"}, options), "");
  EXPECT_EQ(told(), "the beginning\nthe end\n");
  options.tail = 1;
  EXPECT_EQ(refusal({"one"}, options), "");
  EXPECT_EQ(told(), "the beginning\nthe end\nthe end\n");
}

}  // namespace
}  // namespace holdfast::bootstrap
