// SPDX-License-Identifier: Apache-2.0
// What lib/kube believes of an API server, asked of a real one: the control plane that KUBECONFIG names,
// which tests/plane/with_plane.py makes for it.
#include "base/guarded.h"
#include "kube/client.h"
#include "kube/events.h"
#include "kube/reviews.h"
#include "kube/watch.h"
#include "value/json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <condition_variable>
#include <thread>

namespace holdfast::kube {
namespace {

using std::chrono::seconds;

const SystemClock system_clock;
constexpr const char* manager = "holdfast-contract";

class KubeContract : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    const char* path = std::getenv("KUBECONFIG");
    ASSERT_TRUE(path != nullptr && *path != '\0') << "run me by tests/plane/with_plane.py";
    auto config = load_kubeconfig("", "");
    ASSERT_TRUE(config.has_value()) << config.error().message();
    auto client = Client::connect(*std::move(config), system_clock);
    ASSERT_TRUE(client.has_value()) << client.error().message();
    client_ = std::make_unique<Client>(*std::move(client));
    space_ = fmt::format("contract-{:x}", system_clock.wall().time_since_epoch().count());
    Value space(Object{{"apiVersion", "v1"}, {"kind", "Namespace"}});
    space["metadata"]["name"] = space_;
    const auto made = client_->create(space, {.field_manager = manager});
    ASSERT_TRUE(made.has_value()) << made.error().message();
  }

  static void TearDownTestSuite() {
    if (client_ == nullptr) return;
    EXPECT_TRUE(client_->remove({"", "v1", "Namespace", "", space_}).has_value());
    client_.reset();
  }

  void SetUp() override { ASSERT_NE(client_, nullptr); }

  static Value config_map(const std::string& name, const std::string& value = "1") {
    Value object(Object{{"apiVersion", "v1"}, {"kind", "ConfigMap"}});
    object["metadata"] = Object{{"name", name}, {"namespace", space_}};
    object["data"]["key"] = value;
    return object;
  }

  static Identity identity(const std::string& name) {
    return {"", "v1", "ConfigMap", space_, name};
  }

  static KindInfo config_maps() { return *client_->kind_of("v1", "ConfigMap"); }

  static std::unique_ptr<Client> client_;
  static std::string space_;
};

std::unique_ptr<Client> KubeContract::client_;
std::string KubeContract::space_;

TEST_F(KubeContract, DiscoversTheKindsAndTheirScope) {
  EXPECT_TRUE(client_->server_version().starts_with("v1."));
  const auto deployment = client_->kind_of("apps/v1", "Deployment");
  ASSERT_TRUE(deployment.has_value()) << deployment.error().message();
  EXPECT_TRUE(deployment->namespaced);
  EXPECT_TRUE(deployment->has_verb("watch"));
  EXPECT_FALSE(client_->kind_of("v1", "Namespace")->namespaced);
  EXPECT_EQ(client_->kind_of("nowhere/v1", "Nothing").error().code(), Code::kind_unknown);
}

TEST_F(KubeContract, AppliesReadsAndDeletes) {
  const auto applied = client_->apply(config_map("a"), {.field_manager = manager});
  ASSERT_TRUE(applied.has_value()) << applied.error().message();
  EXPECT_FALSE(applied->text({"metadata", "uid"}).empty());
  const auto read = client_->get(identity("a"));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text({"data", "key"}), "1");
  const auto metadata = client_->get(identity("a"), Content::metadata);
  ASSERT_TRUE(metadata.has_value());
  EXPECT_EQ(metadata->text({"kind"}), "ConfigMap");
  EXPECT_EQ(metadata->find("data"), nullptr);
  EXPECT_TRUE(client_->remove(identity("a")).has_value());
  EXPECT_EQ(client_->get(identity("a")).error().code(), Code::object_missing);
  EXPECT_EQ(client_->remove(identity("a")).error().code(), Code::object_missing);
}

TEST_F(KubeContract, DryRunsLeaveNothing) {
  const auto applied =
      client_->apply(config_map("dry"), {.field_manager = manager, .dry_run = DryRun::yes});
  ASSERT_TRUE(applied.has_value()) << applied.error().message();
  EXPECT_EQ(client_->get(identity("dry")).error().code(), Code::object_missing);
}

TEST_F(KubeContract, NamesAConflictOfManagersAndCanTakeOver) {
  ASSERT_TRUE(client_->apply(config_map("owned", "1"), {.field_manager = "other"}).has_value());
  const auto conflict = client_->apply(config_map("owned", "2"), {.field_manager = manager});
  ASSERT_FALSE(conflict.has_value());
  EXPECT_EQ(conflict.error().code(), Code::object_conflict);
  EXPECT_NE(conflict.error().message().find(".data.key"), std::string::npos)
      << conflict.error().message();
  EXPECT_TRUE(
      client_->apply(config_map("owned", "2"), {.field_manager = manager, .force = Force::yes})
          .has_value());
}

TEST_F(KubeContract, TellsTheRefusalsApart) {
  Value bad = config_map("bad");
  bad["metadata"]["name"] = "Not_A_Name";
  EXPECT_EQ(client_->apply(bad, {.field_manager = manager}).error().code(), Code::object_invalid);
  Value homeless = config_map("h");
  homeless["metadata"]["namespace"] = "no-such-namespace";
  EXPECT_EQ(client_->apply(homeless, {.field_manager = manager}).error().code(),
            Code::object_missing);
  ASSERT_TRUE(client_->create(config_map("twice")).has_value());
  EXPECT_EQ(client_->create(config_map("twice")).error().code(), Code::object_exists);
  Value stale = *client_->get(identity("twice"));
  ASSERT_TRUE(client_->replace(stale).has_value());
  stale["data"]["key"] = "2";
  ASSERT_TRUE(client_->replace(stale).has_value());
  stale["data"]["key"] = "3";
  EXPECT_EQ(client_->replace(stale).error().code(), Code::resource_version);
  const auto wrong_uid =
      client_->remove(identity("twice"), {.uid = "00000000-0000-0000-0000-000000000000"});
  EXPECT_EQ(wrong_uid.error().code(), Code::resource_version);
  Value strange = config_map("strange");
  strange["spec"]["x"] = 1;
  EXPECT_EQ(client_->create(strange, {.validation = FieldValidation::strict}).error().code(),
            Code::object_invalid);
}

TEST_F(KubeContract, PatchesInThreeWays) {
  ASSERT_TRUE(client_->create(config_map("patched")).has_value());
  const Value merge = *json::parse(R"({"data":{"merged":"yes"}})", "patch");
  EXPECT_EQ(client_->patch(identity("patched"), PatchType::merge, merge)->text({"data", "merged"}),
            "yes");
  const Value steps = *json::parse(R"([{"op":"replace","path":"/data/key","value":"9"}])", "patch");
  EXPECT_EQ(client_->patch(identity("patched"), PatchType::json, steps)->text({"data", "key"}),
            "9");
  EXPECT_TRUE(client_->patch(identity("patched"), PatchType::strategic, merge).has_value());
}

TEST_F(KubeContract, WritesTheStatusApart) {
  Value space = *client_->get({"", "v1", "Namespace", "", space_});
  EXPECT_TRUE(client_->update_status(space).has_value());
}

TEST_F(KubeContract, AppliesManyOverOneConnectionAndListsThemInPages) {
  std::vector<Value> objects;
  for (int i = 0; i < 120; ++i)
    objects.push_back(config_map(fmt::format("many-{:03}", i)));
  for (auto& object : objects)
    object["metadata"]["labels"]["many"] = "yes";
  for (const auto& applied : client_->apply_all(objects, {.field_manager = manager}, 32)) {
    ASSERT_TRUE(applied.has_value()) << applied.error().message();
  }
  const ListOptions options{.namespace_ = space_,
                            .label_selector = "many=yes",
                            .content = Content::metadata,
                            .managed_fields = ManagedFields::drop,
                            .page_size = 50};
  const auto list = client_->list(config_maps(), options);
  ASSERT_TRUE(list.has_value()) << list.error().message();
  ASSERT_EQ(list->items.size(), 120U);
  EXPECT_EQ(list->items[0].text({"kind"}), "ConfigMap");
  EXPECT_EQ(list->items[0].find("data"), nullptr);
  EXPECT_EQ(list->items[0].find_path({"metadata", "managedFields"}), nullptr);
}

// A watch on a thread of its own, and what it has seen.
class Watching {
 public:
  Watching(Client& client, KindInfo kind, ListOptions options)
      : thread_([this, &client, kind = std::move(kind),
                 options = std::move(options)](const std::stop_token& stop) {
          const auto ended =
              watch(client, kind, options, [this](WatchEvent&& event) { note(event); }, stop);
          if (!ended) note_line(ended.error().message());
        }) {}

  bool saw(const std::string& line, seconds within = seconds(15)) {
    auto seen = seen_.lock();
    return changed_.wait_for(seen.mutex(), within,
                             [&] { return std::ranges::find(*seen, line) != seen->end(); });
  }

  std::string all() { return fmt::format("{}", fmt::join(*seen_.lock(), "; ")); }

 private:
  void note(const WatchEvent& event) {
    const auto name = event.object.text({"metadata", "name"});
    switch (event.kind) {
      case WatchEvent::Kind::added: note_line(fmt::format("added {}", name)); break;
      case WatchEvent::Kind::modified: note_line(fmt::format("modified {}", name)); break;
      case WatchEvent::Kind::deleted: note_line(fmt::format("deleted {}", name)); break;
      case WatchEvent::Kind::synced: note_line("synced"); break;
      case WatchEvent::Kind::trouble: note_line(event.error->message()); break;
      case WatchEvent::Kind::rewound: note_line("rewound"); break;
    }
  }

  void note_line(std::string line) {
    seen_.lock()->push_back(std::move(line));
    changed_.notify_all();
  }

  Guarded<std::vector<std::string>> seen_;
  std::condition_variable changed_;
  std::jthread thread_;
};

TEST_F(KubeContract, WatchesWholeObjectsAndMetadata) {
  ASSERT_TRUE(client_->create(config_map("watched")).has_value());
  for (const auto content : {Content::whole, Content::metadata}) {
    const ListOptions options{
        .namespace_ = space_, .field_selector = "metadata.name=watched", .content = content};
    Watching watching(*client_, config_maps(), options);
    EXPECT_TRUE(watching.saw("added watched")) << watching.all();
    EXPECT_TRUE(watching.saw("synced")) << watching.all();
    ASSERT_TRUE(
        client_->apply(config_map("watched", "2"), {.field_manager = manager, .force = Force::yes})
            .has_value());
    EXPECT_TRUE(watching.saw("modified watched")) << watching.all();
    ASSERT_TRUE(client_->remove(identity("watched")).has_value());
    EXPECT_TRUE(watching.saw("deleted watched")) << watching.all();
    ASSERT_TRUE(client_->create(config_map("watched")).has_value());
  }
}

TEST_F(KubeContract, ManyWatchesLeaveTheCallsAlone) {
  std::vector<std::unique_ptr<Watching>> watches;
  const ListOptions options{.namespace_ = space_, .label_selector = "nobody=here"};
  for (int i = 0; i < 100; ++i)
    watches.push_back(std::make_unique<Watching>(*client_, config_maps(), options));
  for (auto& watching : watches)
    EXPECT_TRUE(watching->saw("synced")) << watching->all();
  std::vector<Value> objects;
  for (int i = 0; i < 100; ++i)
    objects.push_back(config_map(fmt::format("beside-{}", i)));
  const auto before = system_clock.steady();
  for (const auto& applied : client_->apply_all(objects, {.field_manager = manager}, 16)) {
    EXPECT_TRUE(applied.has_value());
  }
  EXPECT_LT(system_clock.steady() - before, seconds(15));
}

// One connection carries many answers; the one that arrived while another was read must not lie there until
// a timer of the connection rings (10 s).
TEST_F(KubeContract, NoAnswerWaitsForATimer) {
  for (int round = 0; round < 1000 && !HasFailure(); ++round) {
    auto client = Client::connect(*load_kubeconfig("", ""), system_clock);
    ASSERT_TRUE(client.has_value()) << client.error().message();
    ASSERT_TRUE(client->catalog().has_value());
    std::vector<std::unique_ptr<Watching>> watches;
    for (const auto& [version, kind] : {std::pair("v1", "ConfigMap"), {"v1", "Service"}, {"apps/v1", "Deployment"}})
      watches.push_back(std::make_unique<Watching>(*client, *client->kind_of(version, kind), ListOptions{}));
    for (auto& watching : watches)
      EXPECT_TRUE(watching->saw("synced", seconds(8))) << "round " << round << ": " << watching->all();
  }
}

TEST_F(KubeContract, KnowsWhatItMayDo) {
  EXPECT_TRUE(
      may_i(*client_, {.verb = "get", .resource = "configmaps", .namespace_ = space_})->allowed);
  const User nobody{.name = "nobody", .groups = {"system:authenticated"}};
  const auto verdict = may_user(
      *client_, nobody, {.verb = "delete", .resource = "secrets", .namespace_ = "kube-system"});
  ASSERT_TRUE(verdict.has_value()) << verdict.error().message();
  EXPECT_FALSE(verdict->allowed);
}

TEST_F(KubeContract, AsksForATokenAndFindsItsOwner) {
  Value account(Object{{"apiVersion", "v1"}, {"kind", "ServiceAccount"}});
  account["metadata"] = Object{{"name", "pusher"}, {"namespace", space_}};
  ASSERT_TRUE(client_->create(account).has_value());
  const auto granted =
      request_token(*client_, {space_, "pusher"}, {"holdfast"}, std::chrono::minutes(10));
  ASSERT_TRUE(granted.has_value()) << granted.error().message();
  EXPECT_GT(granted->expires, system_clock.wall() + std::chrono::minutes(5));
  const auto user = review_token(*client_, granted->token, {"holdfast"});
  ASSERT_TRUE(user.has_value()) << user.error().message();
  EXPECT_EQ(user->name, fmt::format("system:serviceaccount:{}:pusher", space_));
  EXPECT_EQ(review_token(*client_, granted->token, {"another"}).error().code(), Code::forbidden);

  // The same account as a client of its own: it may nothing.
  Config config = *load_kubeconfig("", "");
  config.http.tls.client_certificate_pem = {};
  config.http.tls.client_key_pem = {};
  config.token = request_token(*client_, {space_, "pusher"}, {}, std::chrono::minutes(10))->token;
  auto other = Client::connect(config, system_clock);
  ASSERT_TRUE(other.has_value()) << other.error().message();
  const auto refused = other->get(identity("x"));
  EXPECT_EQ(refused.error().code(), Code::forbidden);
  EXPECT_NE(refused.error().message().find("cannot get resource"), std::string::npos)
      << refused.error().message();
}

TEST_F(KubeContract, WritesEventsAndRaisesTheirCount) {
  EventRecorder recorder(*client_, "contract", "test");
  const Remark remark{
      .about = identity("watched"), .uid = "u", .reason = "Tested", .message = "twice"};
  recorder.record(remark);
  recorder.record(remark);
  const auto list = client_->list(*client_->kind_of("v1", "Event"),
                                  {.namespace_ = space_, .field_selector = "reason=Tested"});
  ASSERT_TRUE(list.has_value()) << list.error().message();
  ASSERT_EQ(list->items.size(), 1U);
  EXPECT_EQ(*list->items[0].find("count")->as_int(), 2);
}

TEST_F(KubeContract, DoesNotTrustAnotherAuthority) {
  Config config = *load_kubeconfig("", "");
  config.http.tls.ca_pem.clear();
  const auto refused = Client::connect(config, system_clock);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::cluster_unreachable);
  EXPECT_NE(refused.error().message().find("certificate"), std::string::npos)
      << refused.error().message();
}

TEST_F(KubeContract, AsksForTheNameThatTheKubeconfigGives) {
  Config config = *load_kubeconfig("", "");
  config.http.tls.server_name = "kubernetes";
  const auto client = Client::connect(config, system_clock);
  EXPECT_TRUE(client.has_value()) << client.error().message();
  config.http.tls.server_name = "another.example";
  EXPECT_FALSE(Client::connect(config, system_clock).has_value());
}

TEST_F(KubeContract, ReadsPlainPathsAndServiceProxies) {
  EXPECT_EQ(*client_->raw_text("/readyz"), "ok");
  Value service(Object{{"apiVersion", "v1"}, {"kind", "Service"}});
  service["metadata"] = Object{{"name", "nobody"}, {"namespace", space_}};
  service["spec"] = *json::parse(R"({"ports":[{"name":"http","port":80}]})", "spec");
  ASSERT_TRUE(client_->create(service).has_value());
  const auto answer =
      client_->send({.url = client_->service_url({space_, "nobody", "http"}) + "/x"});
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->status, 503) << answer->body;
  EXPECT_NE(answer->body.find("no endpoints available"), std::string::npos) << answer->body;
}

}  // namespace
}  // namespace holdfast::kube
