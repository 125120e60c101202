// SPDX-License-Identifier: Apache-2.0
// What the commands write while somebody else writes the same Application, against an API server that lets the other
// one always be faster.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <filesystem>
#include <fstream>

#include "base/guarded.h"
#include "commands/app.h"
#include "fakes/loopback.h"
#include "fakes/temporary_folder.h"
#include "value/json.h"
#include "value/patch.h"

namespace holdfast::bootstrap {
namespace {

using fakes::Connection;
using fakes::Loopback;
using fakes::Received;

constexpr const char* discovery = R"({"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"argoproj.io"},"versions":[{"version":"v1alpha1",
    "resources":[{"resource":"applications","responseKind":{"kind":"Application"},"scope":"Namespaced"}]}]}]})";

constexpr std::string_view shop = R"({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
    "metadata": {"name": "shop", "namespace": "argocd", "uid": "1", "resourceVersion": "1", "finalizers": ["mine"]},
    "spec": {"project": "default", "source": {"repoURL": "https://git.example.com/a.git", "path": "."},
             "destination": {"server": "https://kubernetes.default.svc", "namespace": "shop"}}})";

struct State {
  Value object;
  int written = 1;       // the object's version
  bool removed = false;
};

// Another one's change before each of the first `others` patches.
class Server {
 public:
  using Other = std::function<void(Value&)>;

  Server(Value object, int others, Other other) : others_(others), other_(std::move(other)) {
    state_.lock()->object = std::move(object);
    std::ofstream(kubeconfig_) << json::write(Object{
        {"apiVersion", "v1"}, {"kind", "Config"}, {"current-context", "c"},
        {"clusters", Array{Object{{"name", "c"}, {"cluster", Object{{"server", server_->url("")}}}}}},
        {"users", Array{Object{{"name", "c"}, {"user", Object{}}}}},
        {"contexts", Array{Object{{"name", "c"}, {"context", Object{{"cluster", "c"}, {"user", "c"}}}}}}});
  }

  [[nodiscard]] AppCluster cluster() const { return {.kubeconfig = kubeconfig_, .context = "", .namespace_ = ""}; }
  State state() { return *state_.lock(); }

 private:
  void answer(const Received& got, Connection& peer) {
    if (got.target == "/version") {
      peer.answer(200, R"({"gitVersion":"v1.37.2"})");
    } else if (got.target == "/api") {
      peer.answer(200, R"({"kind":"APIGroupDiscoveryList","items":[]})");
    } else if (got.target == "/apis") {
      peer.answer(200, discovery);
    } else {
      answer_object(got, peer);
    }
  }

  static void write(State& state) { state.object["metadata"]["resourceVersion"] = fmt::format("{}", ++state.written); }

  void answer_object(const Received& got, Connection& peer) {
    auto state = state_.lock();
    if (got.method == "PATCH" && others_-- > 0) {
      other_(state->object);
      write(*state);
    }
    const Value body = json::parse(got.body.empty() ? "{}" : got.body, "body").value();
    if (got.method == "PATCH" && body.text({"metadata", "resourceVersion"}) != state->object.text({"metadata", "resourceVersion"})) {
      peer.answer(409, R"({"kind":"Status","code":409,"reason":"Conflict","message":"the object has been modified"})");
      return;
    }
    if (got.method == "PATCH") {
      state->object = json::apply_merge_patch(state->object, body);
      write(*state);
    }
    if (got.method == "DELETE") state->removed = true;
    peer.answer(200, json::write(state->object));
  }

  int others_;
  const Other other_;
  Guarded<State> state_;
  const TemporaryFolder folder_{"app"};
  const std::string kubeconfig_ = folder_.path("kubeconfig");
  std::unique_ptr<Loopback> server_ = Loopback::answering([this](const Received& got, Connection& peer) { answer(got, peer); });
};

class AppConflict : public testing::Test {
 protected:
  void TearDown() override { ::close(nowhere); }

  const SystemClock clock;
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  Console console{nowhere, nowhere, Output::text, clock};
};

Value parsed(std::string_view text) { return json::parse(text, "test").value(); }

Value running() {
  auto object = parsed(shop);
  object["operation"]["sync"] = Object{};
  object["status"]["operationState"]["phase"] = "Running";
  return object;
}

void annotate(Value& object) { object["metadata"]["annotations"]["other"] = "written"; }

TEST_F(AppConflict, ADeletionKeepsTheFinalizerThatCameMeanwhile) {
  Server server(parsed(shop), 3, [](Value& object) { object["metadata"]["finalizers"] = Array{"mine", "theirs"}; });
  AppDeleteOptions options{.cluster = server.cluster(), .names = {"shop"}, .selector = ""};
  options.yes = true;
  const auto done = run_app_delete(options, console);
  ASSERT_TRUE(done.has_value()) << done.error().message();
  const auto state = server.state();
  EXPECT_EQ(json::write(*state.object.find_path({"metadata", "finalizers"})), R"(["mine","theirs","resources-finalizer.argocd.argoproj.io"])");
  EXPECT_TRUE(state.removed);
}

TEST_F(AppConflict, AConfirmationIsWrittenBesideWhatCameMeanwhile) {
  Server server(parsed(shop), 3, annotate);
  const auto done = run_app_confirm({.cluster = server.cluster(), .name = "shop"}, console);
  ASSERT_TRUE(done.has_value()) << done.error().message();
  const auto object = server.state().object;
  EXPECT_EQ(object.text({"metadata", "annotations", "other"}), "written");
  EXPECT_NE(object.text({"metadata", "annotations", "argocd.argoproj.io/deletion-approved"}), "");
}

TEST_F(AppConflict, AnOperationIsTerminatedThatSaysSomethingNewMeanwhile) {
  Server server(running(), 3, [](Value& object) { object["status"]["operationState"]["message"] = "two of three"; });
  const auto done = run_app_terminate({.cluster = server.cluster(), .name = "shop"}, console);
  ASSERT_TRUE(done.has_value()) << done.error().message();
  const auto object = server.state().object;
  EXPECT_EQ(object.text({"status", "operationState", "phase"}), "Terminating");
  EXPECT_EQ(object.text({"status", "operationState", "message"}), "two of three");
}

TEST_F(AppConflict, AnOperationThatEndsMeanwhileIsNotTerminated) {
  Server server(running(), 1, [](Value& object) {
    object.as_object()->erase("operation");
    object["status"]["operationState"]["phase"] = "Succeeded";
  });
  const auto done = run_app_terminate({.cluster = server.cluster(), .name = "shop"}, console);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().what(), "no operation is in progress");
  EXPECT_EQ(server.state().object.text({"status", "operationState", "phase"}), "Succeeded");
}

TEST_F(AppConflict, AnotherApplicationOfTheSameNameIsLeftAlone) {
  Server server(parsed(shop), 1, [](Value& object) { object["metadata"]["uid"] = "2"; });
  AppDeleteOptions options{.cluster = server.cluster(), .names = {"shop"}, .selector = ""};
  options.yes = true;
  const auto done = run_app_delete(options, console);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code(), Code::resource_version);
  EXPECT_FALSE(server.state().removed);
}

TEST_F(AppConflict, OneWhoWritesWithoutEndIsToldOf) {
  Server server(parsed(shop), 1000, annotate);
  const auto done = run_app_confirm({.cluster = server.cluster(), .name = "shop"}, console);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code(), Code::resource_version);
  EXPECT_EQ(server.state().written, 11);
}

TEST_F(AppConflict, ASyncIsNotBegunOfWhatSaysSomethingElseMeanwhile) {
  Server server(parsed(shop), 1, [](Value& object) { object["spec"]["source"]["path"] = "elsewhere"; });
  AppSyncOptions options{.cluster = server.cluster(), .names = {"shop"}, .selector = "", .projects = {}, .revision = "", .revisions = {},
                         .local = {}, .resources = {}, .labels = {}, .infos = {}, .strategy = "", .retry = {}};
  options.async = true;
  const auto done = run_app_sync(options, console);
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().what(), "somebody changed what the application says meanwhile");
  EXPECT_EQ(server.state().object.find("operation"), nullptr);
}

}  // namespace
}  // namespace holdfast::bootstrap
