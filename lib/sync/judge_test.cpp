// SPDX-License-Identifier: Apache-2.0
#include "sync/judge.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "base/zone.h"
#include "sync/project.h"
#include "sync/report.h"
#include "value/json.h"

namespace holdfast::sync {
namespace {

Value object(std::string_view text) { return *json::parse(text, "test"); }

Application application(std::string_view policy, std::string_view status = "{}") {
  auto made = decode_application(object(fmt::format(
      R"({{"metadata":{{"name":"web","namespace":"argocd"}},"spec":{{"project":"default",
         "source":{{"repoURL":"r","path":"."}},"destination":{{"server":"https://kubernetes.default.svc"}},
         "syncPolicy":{}}},"status":{}}})", policy, status)));
  return *std::move(made);
}

const std::vector<std::string> revisions{"abc"};

std::optional<OperationState> state_of(std::string_view phase, std::int64_t attempts = 0) {
  return decode_state(object(fmt::format(
      R"({{"operationState":{{"phase":"{}","startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:00Z",
         "message":"why","operation":{{"sync":{{"autoHealAttemptsCount":{}}}}},
         "syncResult":{{"revision":"abc","source":{{"repoURL":"r","path":"."}}}}}}}})", phase, attempts)));
}

Judgement out_of_sync() {
  Judgement judgement;
  judgement.sync = "OutOfSync";
  judgement.rows = {{.key = {"", "ConfigMap", "shop", "a"}, .version = "v1", .status = "OutOfSync"},
                    {.key = {"", "ConfigMap", "shop", "b"}, .version = "v1", .status = "Synced"}};
  return judgement;
}

const WallTime now = *parse_rfc3339("2026-01-01T00:00:01Z");

// A ConfigMap for each word, whose health a script would say so.
Judgement judged(std::string_view words, std::string_view kind = "ConfigMap") {
  std::vector<Delta> deltas;
  for (const auto word : split(words, ' ')) {
    Delta delta;
    delta.key = {kind == "Application" ? "argoproj.io" : "", std::string(kind), "shop", fmt::format("n{}", deltas.size())};
    delta.match = word == "-" ? Match::missing : Match::same;
    if (word != "-") delta.live = std::make_shared<const Value>(Object{{"kind", kind}, {"health", word}});
    delta.own = true;
    deltas.push_back(std::move(delta));
  }
  const auto app = application("{}");
  return judge({app, deltas}, [](const Value& live) -> std::optional<health::Health> {
    const auto status = health::parse_status(live.text({"health"}));
    return status ? std::optional(health::Health{*status, ""}) : std::nullopt;
  });
}

TEST(Health, TheWorstObjectsAreTheApplications) {
  struct Case {
    const char *words, *kind, *health, *message;
  };
  const Case cases[] = {
      {"Healthy none Healthy", "ConfigMap", "Healthy", ""},
      {"Healthy Progressing - Healthy", "ConfigMap", "Progressing", "Caused by ConfigMap:shop/n1"},
      {"Progressing Degraded Suspended Degraded", "ConfigMap", "Degraded", "Caused by ConfigMap:shop/n1, ConfigMap:shop/n3"},
      {"Unknown Unknown Unknown Unknown Unknown", "ConfigMap", "Unknown",
       "Caused by ConfigMap:shop/n0, ConfigMap:shop/n1, ConfigMap:shop/n2 and 2 more"},
      // What its script calls missing although it lives is worse than Progressing.
      {"Missing Progressing", "ConfigMap", "Missing", "Caused by ConfigMap:shop/n0"},
      {"Missing Unknown Progressing", "Application", "Progressing", "Caused by argoproj.io/Application:shop/n2"},
      {"- -", "ConfigMap", "Missing", ""},
  };
  for (const auto& each : cases) {
    const auto judgement = judged(each.words, each.kind);
    EXPECT_EQ(health::to_string(judgement.health), each.health) << each.words;
    EXPECT_EQ(judgement.health_message, each.message) << each.words;
  }
}

TEST(AutoSync, StartsWhenTheRevisionIsNew) {
  const auto app = application(R"({"automated":{"prune":true},"syncOptions":["A=b"]})");
  const auto judgement = out_of_sync();
  const std::optional<OperationState> none;
  const auto decision = decide_auto_sync({app, judgement, revisions, none, now});
  ASSERT_TRUE(decision.operation);
  EXPECT_EQ(json::write(*decision.operation),
            R"({"initiatedBy":{"automated":true},"retry":{"limit":5},"sync":{"prune":true,"revision":"abc",)"
            R"("source":{"path":".","repoURL":"r"},"syncOptions":["A=b"]}})");
}

TEST(AutoSync, AFailedRevisionIsToldAndNotRepeated) {
  const auto app = application(R"({"automated":{"selfHeal":true}})");
  const auto judgement = out_of_sync();
  const auto state = state_of("Failed");
  const auto decision = decide_auto_sync({app, judgement, revisions, state, now});
  EXPECT_FALSE(decision.operation);
  ASSERT_TRUE(decision.error);
  EXPECT_EQ(decision.error->message, "Failed last sync attempt to [abc]: why");
}

TEST(AutoSync, CommitsOfOthersAreNoNewRevision) {
  const auto judgement = out_of_sync();
  const std::vector<std::string> later{"def"};
  struct Case {
    const char *policy, *phase;
    Since since;
    bool syncs, tells;
  };
  const Case cases[] = {
      {R"({"automated":{}})", "Succeeded", Since::unknown, true, false},
      {R"({"automated":{}})", "Succeeded", Since::nothing, false, false},
      {R"({"automated":{"selfHeal":true}})", "Succeeded", Since::nothing, true, false},
      {R"({"automated":{"selfHeal":true}})", "Failed", Since::unknown, true, false},
      {R"({"automated":{"selfHeal":true}})", "Failed", Since::nothing, false, true},
  };
  for (const auto& each : cases) {
    const auto app = application(each.policy);
    const auto state = state_of(each.phase);
    const auto decision = decide_auto_sync({app, judgement, later, state, now, each.since});
    EXPECT_EQ(decision.operation.has_value(), each.syncs) << each.policy << each.phase;
    EXPECT_EQ(decision.error.has_value(), each.tells) << each.policy << each.phase;
  }
}

TEST(AutoSync, HealingTakesOnlyWhatDiffersAndWaitsLongerEachTime) {
  const auto app = application(R"({"automated":{"selfHeal":true}})");
  const auto judgement = out_of_sync();
  const auto first = state_of("Succeeded");
  const auto decision = decide_auto_sync({app, judgement, revisions, first, now});
  ASSERT_TRUE(decision.operation);
  EXPECT_EQ(decision.operation->find_path({"sync", "resources"})->as_array()->size(), 1U);
  EXPECT_EQ(*decision.operation->find_path({"sync", "autoHealAttemptsCount"})->as_int(), 1);
  const auto second = state_of("Succeeded", 2);
  const auto later = decide_auto_sync({app, judgement, revisions, second, now});
  EXPECT_FALSE(later.operation);
  EXPECT_EQ(later.look_again, std::chrono::seconds(5));  // 6 s after an end one second ago
}

TEST(AutoSync, AnEmptiedFolderIsNotSynced) {
  const auto app = application(R"({"automated":{"prune":true}})");
  auto judgement = out_of_sync();
  for (auto& row : judgement.rows) row.requires_pruning = true;
  const std::optional<OperationState> none;
  const auto decision = decide_auto_sync({app, judgement, revisions, none, now});
  EXPECT_FALSE(decision.operation);
  EXPECT_EQ(decision.error->message, "Skipping sync attempt to [abc]: auto-sync will wipe out all resources");
}

TEST(AutoSync, HealingDoesNotWaitForAClockThatWasAhead) {
  const auto app = application(R"({"automated":{"selfHeal":true}})");
  const auto judgement = out_of_sync();
  const auto state = state_of("Succeeded", 5);
  const auto yesterday = now - std::chrono::hours(24);
  EXPECT_TRUE(decide_auto_sync({app, judgement, revisions, state, now}).look_again);
  EXPECT_TRUE(decide_auto_sync({app, judgement, revisions, state, yesterday}).operation);
}

TEST(AutoSync, MostOfAnApplicationIsNotRemovedWithoutAPerson) {
  struct Case {
    const char* sentence;
    std::size_t going, all;
    const char* policy;
    bool syncs;
  };
  const Case cases[] = {
      {"few of few", 3, 4, R"({"automated":{"prune":true}})", true},
      {"half of many", 100, 200, R"({"automated":{"prune":true}})", true},
      {"most of many", 101, 200, R"({"automated":{"prune":true}})", false},
      {"most of many where even all may go", 101, 200, R"({"automated":{"prune":true,"allowEmpty":true}})", true},
      {"most of many without pruning", 101, 200, R"({"automated":{}})", true},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    auto judgement = out_of_sync();
    judgement.rows.resize(each.all, judgement.rows.front());
    for (auto& row : judgement.rows) row.status = "OutOfSync";
    for (std::size_t i = 0; i < each.going; ++i) judgement.rows[i].requires_pruning = true;
    const std::optional<OperationState> none;
    const auto app = application(each.policy);
    const auto decision = decide_auto_sync({app, judgement, revisions, none, now});
    EXPECT_EQ(decision.operation.has_value(), each.syncs);
    EXPECT_EQ(decision.error.has_value(), !each.syncs);
  }
}

TEST(AutoSync, AChildApplicationStandsForManyObjects) {
  struct Case {
    const char *group, *kind;
    std::size_t going, all;
    bool syncs;
  };
  const Case cases[] = {{"argoproj.io", "Application", 6, 7, false},
                        {"argoproj.io", "Application", 5, 7, true},
                        {"argoproj.io", "Application", 6, 12, true},
                        {"", "Namespace", 6, 7, false},
                        {"", "ConfigMap", 6, 7, true}};
  for (const auto& each : cases) {
    auto judgement = out_of_sync();
    judgement.rows.resize(each.all, judgement.rows.front());
    for (std::size_t i = 0; i < each.all; ++i) {
      judgement.rows[i].key = {each.group, each.kind, "argocd", fmt::format("n{}", i)};
      judgement.rows[i].requires_pruning = i < each.going;
    }
    const std::optional<OperationState> none;
    const auto app = application(R"({"automated":{"prune":true}})");
    EXPECT_EQ(decide_auto_sync({app, judgement, revisions, none, now}).operation.has_value(), each.syncs) << each.kind << " " << each.going;
  }
}

TEST(Project, RulesFollowTheirGlobsAndDenials) {
  const auto project = decode_project(object(R"({"metadata":{"name":"p"},"spec":{
    "sourceRepos":["https://git.example.com/*","!https://git.example.com/secret*"],
    "destinations":[{"server":"*","namespace":"shop-*"},{"server":"*","namespace":"!shop-private"}],
    "clusterResourceWhitelist":[{"group":"","kind":"Namespace"}],
    "namespaceResourceBlacklist":[{"group":"","kind":"Secret"}]}})"));
  const auto source = [](const char* url) { return decode_source(Object{{"repoURL", url}}); };
  EXPECT_TRUE(project.permits_source(source("https://git.example.com/app.git")));
  // As upstream: a denial permits whatever it does not name.
  EXPECT_TRUE(project.permits_source(source("https://other.example.com/app")));
  EXPECT_FALSE(project.permits_source(source("https://git.example.com/secrets")));
  EXPECT_TRUE(project.permits_namespace("shop-a"));
  EXPECT_FALSE(project.permits_namespace("shop-private"));
  EXPECT_FALSE(project.permits_kind({"", "ClusterRole", "", "x"}, Scope::cluster));
  EXPECT_TRUE(project.permits_kind({"", "Namespace", "", "x"}, Scope::cluster));
  EXPECT_FALSE(project.permits_kind({"", "Secret", "shop-a", "x"}, Scope::namespaced));
  EXPECT_TRUE(project.permits_kind({"", "ConfigMap", "shop-a", "x"}, Scope::namespaced));
  EXPECT_EQ(project.refusal({"", "ConfigMap", "shop-a", "x"}, Scope::namespaced), "");
  EXPECT_EQ(project.refusal({"", "Secret", "shop-a", "x"}, Scope::namespaced), "resource :Secret is not permitted in project p");
  EXPECT_EQ(project.refusal({"", "ConfigMap", "shop-private", "x"}, Scope::namespaced), "namespace shop-private is not permitted in project 'p'");
  EXPECT_EQ(project.refusal({"", "Namespace", "", "x"}, Scope::cluster), "");
  const std::vector<Source> sources{decode_source(Object{{"repoURL", "https://git.example.com/secrets"}, {"path", "."}}),
                                    decode_source(Object{{"repoURL", "https://git.example.com/app"}, {"path", "."}})};
  const std::vector<Condition> refused{{"InvalidSpecError", "application repo https://git.example.com/secrets is not permitted in project 'p'"}};
  EXPECT_EQ(admit_sources(sources, project), refused);
}

ClusterSecret cluster_secret(std::string_view server, std::string_view name, std::string_view project) {
  Value secret;
  secret["data"] = Object{{"name", to_base64(name)}, {"project", to_base64(project)}, {"server", to_base64(server)}};
  return decode_cluster_secret(secret);
}

TEST(Project, OnlyClustersOfItsOwnAreADestinationWhereItSaysSo) {
  Value object;
  object["metadata"]["name"] = "shop";
  object["spec"] = json::parse(R"({"destinations":[{"server":"*","namespace":"*"}],"permitOnlyProjectScopedClusters":true})", "spec").value();
  auto project = decode_project(object);
  EXPECT_FALSE(project.permits_namespace("shop"));
  EXPECT_EQ(project.refusal({"", "ConfigMap", "shop", "x"}, Scope::namespaced), "namespace shop is not permitted in project 'shop'");
  EXPECT_NE(project.refusal({"", "Namespace", "", "x"}, Scope::cluster), "namespace  is not permitted in project 'shop'");
  project.owns_this_cluster = true;
  EXPECT_TRUE(project.permits_namespace("shop"));
  project.destinations.clear();
  EXPECT_FALSE(project.permits_namespace("shop"));

  const struct {
    std::string project, server, name;
    bool want;
  } table[] = {
      {"shop", "https://kubernetes.default.svc", "prod", true}, {"shop", "https://kubernetes.default.svc/", "", true},
      {"shop", "https://elsewhere", "in-cluster", true},        {"shop", "https://elsewhere", "prod", false},
      {"cart", "https://kubernetes.default.svc", "", false},    {"", "https://kubernetes.default.svc", "", false},
  };
  for (const auto& row : table) {
    const std::vector<ClusterSecret> secrets{cluster_secret(row.server, row.name, row.project)};
    const Clusters clusters{.local = LocalCluster::enabled, .secrets = secrets};
    EXPECT_EQ(clusters.belongs_to("shop"), row.want) << row.project << row.server << row.name;
  }
}

TEST(Project, ADestinationIsSaidByUrlOrByNameAndDenied) {
  struct Case {
    const char* destinations;
    bool permitted;
  };
  const Case cases[] = {
      {R"([])", false},
      {R"([{"server":"https://kubernetes.default.svc","namespace":"shop"}])", true},
      {R"([{"server":"https://kubernetes.default.svc"}])", false},
      {R"([{"name":"in-*","namespace":"*"}])", true},
      {R"([{"server":"https://elsewhere","name":"in-cluster","namespace":"*"}])", true},
      {R"([{"server":"https://elsewhere","namespace":"*"}])", false},
      {R"([{"server":"*","namespace":"*"},{"server":"!https://kubernetes.default.svc","namespace":"*"}])", false},
      {R"([{"server":"*","namespace":"*"},{"server":"!https://kubernetes.default.svc","namespace":"other"}])", true},
      {R"([{"server":"*","namespace":"*"},{"server":"!https://kubernetes.default.svc","namespace":"!shop"}])", true},
      {R"([{"server":"*","namespace":"*"},{"name":"!in-cluster","namespace":"other"}])", true},
      {R"([{"server":"*","namespace":"*"},{"name":"!in-cluster","namespace":"sh*"}])", false},
      {R"([{"server":"*","namespace":"*"},{"server":"*","namespace":"!sh*"}])", false},
      {R"([{"server":"*","namespace":"*"},{"name":"in-cluster","namespace":"!sh*"}])", false},
      {R"([{"server":"*","namespace":"*"},{"server":"https://elsewhere","namespace":"!shop"}])", true},
      {R"([{"server":"!https://elsewhere","namespace":"*"}])", true},
      {R"([{"server":"*","namespace":"!kube-*"}])", true},
  };
  for (const auto& each : cases) {
    Value spec;
    spec["spec"]["destinations"] = object(each.destinations);
    EXPECT_EQ(decode_project(spec).permits_namespace("shop"), each.permitted) << each.destinations;
  }
}

TEST(Clusters, AreWhatTheirSecretsSay) {
  constexpr std::string_view here = "https://kubernetes.default.svc";
  const auto renamed = cluster_secret("https://kubernetes.default.svc/", "prod", "");
  const auto elsewhere = cluster_secret("https://elsewhere", "prod", "");
  const auto usurper = cluster_secret("https://elsewhere", "in-cluster", "");
  const struct {
    std::vector<ClusterSecret> secrets;
    Destination asked;
    std::string_view refusal;
    LocalCluster local = LocalCluster::enabled;
  } table[] = {
      {{}, {std::string(here), "", "x"}, ""},
      {{}, {"https://kubernetes.default.svc/", "", "x"}, ""},
      {{}, {"", "in-cluster", "x"}, ""},
      {{}, {"", "prod", "x"}, "there are no clusters with this name: prod"},
      {{renamed}, {"", "prod", "x"}, ""},
      {{renamed}, {"", "in-cluster", "x"}, ""},
      {{renamed, elsewhere}, {"", "prod", "x"}, "there are 2 clusters with the same name: [https://kubernetes.default.svc https://elsewhere]"},
      {{renamed, elsewhere}, {std::string(here), "", "x"}, ""},
      {{elsewhere}, {"", "prod", "x"}, "error getting cluster by URL: cluster \"https://elsewhere\" not found"},
      {{usurper}, {"", "in-cluster", "x"}, "error getting cluster by URL: cluster \"https://elsewhere\" not found"},
      {{renamed}, {"", "prod", "x"}, "there are no clusters with this name: prod", LocalCluster::disabled},
      {{}, {"", "in-cluster", "x"}, "there are no clusters with this name: in-cluster", LocalCluster::disabled},
      {{}, {"", "", "x"}, "Destination server missing from app spec"},
  };
  for (const auto& row : table) {
    const Clusters clusters{.local = row.local, .secrets = row.secrets};
    EXPECT_EQ(clusters.refusal(row.asked), row.refusal) << row.asked.server << row.asked.name;
  }
  const Clusters unseen{.local = LocalCluster::enabled, .secrets = std::nullopt};
  EXPECT_EQ(unseen.refusal({"", "prod", "x"}), "");
}

TEST(Clusters, AreKnownToAProjectByTheNameOfTheirSecret) {
  const auto renamed = cluster_secret("https://kubernetes.default.svc", "prod", "");
  const auto nameless = cluster_secret("https://kubernetes.default.svc", "", "");
  using Secrets = std::vector<ClusterSecret>;
  const struct {
    std::optional<Secrets> secrets;
    const char* destinations;
    bool permitted;
  } table[] = {
      {Secrets{}, R"([{"name":"prod","namespace":"*"}])", false},
      {Secrets{renamed}, R"([{"name":"prod","namespace":"*"}])", true},
      {Secrets{renamed}, R"([{"name":"in-cluster","namespace":"*"}])", false},
      {Secrets{renamed}, R"([{"server":"*","namespace":"*"},{"name":"!prod","namespace":"*"}])", false},
      {Secrets{nameless}, R"([{"name":"*","namespace":"*"}])", false},
      {std::nullopt, R"([{"name":"prod","namespace":"*"}])", true},
      {std::nullopt, R"([{"name":"prod","namespace":"other"}])", false},
      {std::nullopt, R"([{"server":"https://elsewhere","namespace":"*"}])", false},
  };
  for (const auto& row : table) {
    Value spec;
    spec["spec"]["destinations"] = object(row.destinations);
    auto project = decode_project(spec);
    place_on(project, {.local = LocalCluster::enabled, .secrets = row.secrets});
    EXPECT_EQ(project.permits_namespace("shop"), row.permitted) << row.destinations;
  }
}

TEST(Windows, DenyWinsAndAnAllowThatIsClosedBlocks) {
  const WindowSubject subject{"web", "shop", "https://kubernetes.default.svc", ""};
  struct Case {
    const char* windows;
    bool automated, manual;
  };
  const Case cases[] = {
      {R"([])", true, true},
      {R"([{"kind":"deny","schedule":"* * * * *","duration":"1h","applications":["*"]}])", false, false},
      {R"([{"kind":"deny","schedule":"* * * * *","duration":"1h","applications":["*"],"manualSync":true}])", false, true},
      {R"([{"kind":"deny","schedule":"* * * * *","duration":"1h","applications":["other"]}])", true, true},
      {R"([{"kind":"allow","schedule":"0 0 1 1 *","duration":"1s","namespaces":["shop"]}])", false, false},
      {R"([{"kind":"allow","schedule":"* * * * *","duration":"1h","namespaces":["sh*"]}])", true, true},
      {R"([{"kind":"deny","schedule":"* * * * *","duration":"1h","clusters":["https://kubernetes.*"]}])", false, false},
      // The cluster is called as the Application calls it.
      {R"([{"kind":"deny","schedule":"* * * * *","duration":"1h","clusters":["in-cluster"]}])", true, true},
      {R"([{"kind":"deny","schedule":"* * * * *","duration":"1h","applications":["web"],"namespaces":["other"]}])", false, false},
      {R"([{"kind":"deny","schedule":"* * * * *","duration":"1h","applications":["web"],"namespaces":["other"],"andOperator":true}])", true, true},
      {R"([{"kind":"deny","schedule":"* * * * *","duration":"1h","applications":["web"],"namespaces":["shop"],"andOperator":true}])", false, false},
      {R"([{"kind":"deny","schedule":"* * * * *","duration":"1h","andOperator":true}])", true, true},
      // What nobody can read keeps everything from syncing, as long as it is for this Application.
      {R"([{"kind":"deny","schedule":"often","duration":"1h","applications":["*"],"manualSync":true}])", false, false},
      {R"([{"kind":"allow","schedule":"* * * * *","duration":"an hour","applications":["*"]}])", false, false},
      {R"([{"kind":"deny","schedule":"often","duration":"1h","applications":["other"]}])", true, true},
      {R"([{"kind":"maybe","schedule":"0 0 1 1 *","duration":"1s","applications":["*"]}])", true, true},
  };
  const auto noon = *parse_rfc3339("2026-06-15T12:00:30Z");
  for (const auto& each : cases) {
    const Value list = object(each.windows);
    const auto windows = decode_windows(&list);
    EXPECT_EQ(may_sync(windows, subject, SyncKind::automated, noon), each.automated) << each.windows;
    EXPECT_EQ(may_sync(windows, subject, SyncKind::manual, noon), each.manual) << each.windows;
  }
  const Value broken = object(R"([{"kind":"deny","schedule":"often","duration":"1h","applications":["*"]}])");
  const auto windows = decode_windows(&broken);
  EXPECT_EQ(window_problem(windows_for(windows, subject)), "invalid sync windows: cannot parse schedule 'often'");
  EXPECT_EQ(windows.front().text, "deny:often:1h");
}

// An operation that was allowed to begin may end within a window that all say so.
TEST(Windows, MayBeOverrun) {
  const WindowSubject subject{"web", "shop", "https://kubernetes.default.svc", "in-cluster"};
  const auto noon = *parse_rfc3339("2026-06-15T12:00:30Z");
  struct Case {
    const char* windows;
    std::chrono::minutes ago;
    bool goes_on;
  };
  using std::chrono::minutes;
  const Case cases[] = {
      {R"([{"kind":"deny","schedule":"0 12 * * *","duration":"1h","applications":["*"]}])", minutes(5), false},
      {R"([{"kind":"deny","schedule":"0 12 * * *","duration":"1h","applications":["*"],"syncOverrun":true}])", minutes(5), true},
      {R"([{"kind":"deny","schedule":"0 12 * * *","duration":"1h","applications":["*"],"syncOverrun":true}])", minutes(0), false},
      {R"([{"kind":"deny","schedule":"0 12 * * *","duration":"1h","applications":["*"],"syncOverrun":true},
           {"kind":"deny","schedule":"0 12 * * *","duration":"1h","applications":["*"]}])", minutes(5), false},
      {R"([{"kind":"allow","schedule":"0 11 * * *","duration":"1h","applications":["*"]}])", minutes(5), false},
      {R"([{"kind":"allow","schedule":"0 11 * * *","duration":"1h","applications":["*"],"syncOverrun":true}])", minutes(5), true},
      {R"([{"kind":"allow","schedule":"0 11 * * *","duration":"1h","applications":["*"],"syncOverrun":true}])", minutes(90), false},
  };
  for (const auto& each : cases) {
    const Value list = object(each.windows);
    EXPECT_EQ(may_sync(decode_windows(&list), subject, SyncKind::automated, noon, noon - each.ago), each.goes_on) << each.windows << each.ago.count();
  }
}

TEST(Windows, AreToldInTheirTimeZone) {
  if (!find_zone("Europe/Berlin", 0)) GTEST_SKIP() << "this machine has no time zones";
  const WindowSubject subject{"web", "shop", "https://kubernetes.default.svc", ""};
  struct Case {
    const char *zone, *time;
    bool may;
  };
  // From eleven to noon on working days.
  const Case cases[] = {
      {"", "2026-07-01T11:30:00Z", false},
      {"", "2026-07-01T09:30:00Z", true},
      {"Europe/Berlin", "2026-07-01T09:30:00Z", false},
      {"Europe/Berlin", "2026-07-01T11:30:00Z", true},
      {"Europe/Berlin", "2026-12-01T10:30:00Z", false},
      {"Europe/Berlin", "2026-12-01T09:30:00Z", true},
      {"Asia/Kolkata", "2026-07-01T05:45:00Z", false},
      // Monday there, Sunday in UTC.
      {"Pacific/Auckland", "2026-07-05T23:30:00Z", false},
      {"Europe/Nowhere", "2026-07-01T11:30:00Z", false},
  };
  for (const auto& each : cases) {
    Value window = object(R"({"kind":"deny","schedule":"0 11 * * 1-5","duration":"1h","applications":["*"]})");
    window["timeZone"] = each.zone;
    const Value list(Array{window});
    EXPECT_EQ(may_sync(decode_windows(&list), subject, SyncKind::automated, *parse_rfc3339(each.time)), each.may) << each.zone << " " << each.time;
  }
}

TEST(Report, KeepsTheTimeOfWhatDidNotChange) {
  const auto later = *parse_rfc3339("2026-01-01T01:00:00Z");
  Value status = report_conditions(Object{}, {{"SyncError", "m"}}, {"SyncError"}, now);
  const Value before = status;
  status = report_conditions(std::move(status), {{"SyncError", "m"}}, {"SyncError"}, later);
  EXPECT_EQ(status, before);
  status = report_conditions(std::move(status), {}, {"SyncError"}, later);
  EXPECT_EQ(status.find("conditions"), nullptr);
}

TEST(Application, RetriesWaitLongerEachTime) {
  struct Case {
    const char* retry;
    std::int64_t count;
    Duration wait;
  };
  using std::chrono::seconds;
  const Case cases[] = {
      {"{}", 0, seconds(5)},
      {"{}", 2, seconds(20)},
      {"{}", 20, seconds(180)},
      {R"({"backoff":{"duration":"10","maxDuration":"25"}})", 0, seconds(10)},
      {R"({"backoff":{"duration":"10","maxDuration":"25"}})", 2, seconds(25)},
      {R"({"backoff":{"duration":"1m","factor":3,"maxDuration":"0"}})", 3, seconds(27 * 60)},
      {R"({"backoff":{"duration":"1m","factor":10,"maxDuration":"0s"}})", 400, seconds(3'200'000'000)},
      {R"({"backoff":{"duration":"soon"}})", 1, seconds(10)},
  };
  for (const auto& each : cases) EXPECT_EQ(decode_retry(object(each.retry)).delay(each.count), each.wait) << each.retry;
}

TEST(Application, DurationsAreGos) {
  EXPECT_EQ(parse_go_duration("1h2m3.5s"), std::chrono::milliseconds(3'723'500));
  EXPECT_EQ(parse_go_duration("180s"), std::chrono::seconds(180));
  EXPECT_EQ(parse_go_duration("0"), Duration{0});
  for (const char* bad : {"", "5", "1x", "s"}) EXPECT_EQ(parse_go_duration(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace holdfast::sync
