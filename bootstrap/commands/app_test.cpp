// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "commands/app_access.h"
#include "commands/app_explain.h"
#include "commands/app_list.h"
#include "commands/app_logs.h"
#include "commands/app_render.h"
#include "commands/app_tree.h"
#include "commands/app_wait.h"
#include "commands/source_access.h"
#include "commands/unified_diff.h"
#include "fakes/temporary_folder.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::string_view shop = R"(apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec:
  project: default
  source: {repoURL: 'https://git.example.com/fleet.git', path: apps/shop, targetRevision: main}
  destination: {server: 'https://kubernetes.default.svc', namespace: shop}
  syncPolicy: {automated: {prune: true}}
status:
  sync: {status: OutOfSync, revision: 8f1c2d34567890abcdef1234567890abcdef1234}
  health: {status: Degraded}
  conditions:
  - {type: SyncError, message: 'Failed last sync attempt', lastTransitionTime: '2026-11-23T08:00:00Z'}
  - {type: SyncError, message: 'twice', lastTransitionTime: '2026-11-23T08:00:00Z'}
  operationState:
    phase: Failed
    message: one or more objects failed to apply
    startedAt: '2026-11-23T08:00:00Z'
    finishedAt: '2026-11-23T08:00:04Z'
    syncResult:
      revision: 8f1c2d34567890abcdef1234567890abcdef1234
      resources:
      - {group: batch, version: v1, kind: Job, namespace: shop, name: migrate, hookType: PreSync, hookPhase: Succeeded, message: done}
      - {group: apps, version: v1, kind: Deployment, namespace: shop, name: web, status: SyncFailed, message: 'spec.selector: field is immutable'}
  resources:
  - {version: v1, kind: ConfigMap, namespace: shop, name: old, status: OutOfSync, requiresPruning: true}
  - {version: v1, kind: Service, namespace: shop, name: web, status: Synced, health: {status: Healthy}}
  - {group: apps, version: v1, kind: Deployment, namespace: shop, name: web, status: OutOfSync, health: {status: Degraded, message: 1 of 3 pods is ready}}
  history:
  - {id: 0, deployedAt: '2026-11-20T08:00:00Z', revision: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, source: {repoURL: 'https://git.example.com/fleet.git', targetRevision: main}}
  - {id: 1, deployedAt: '2026-11-21T08:00:00Z', revision: 8f1c2d34567890abcdef1234567890abcdef1234, source: {repoURL: 'https://git.example.com/fleet.git', targetRevision: main}}
)";

Value parsed(std::string_view text) { return yaml::parse_one(text, "test", yaml::Dialect::kube).value(); }

sync::Application application(std::string_view text) { return sync::decode_application(parsed(text)).value(); }

TEST(AppList, ShowsWhatArgocdShows) {
  EXPECT_EQ(format_app_list({application(shop)}),
            "NAME         CLUSTER                         NAMESPACE  PROJECT  STATUS     HEALTH    SYNCPOLICY  CONDITIONS    REPO                               PATH       TARGET\n"
            "argocd/shop  https://kubernetes.default.svc  shop       default  OutOfSync  Degraded  Auto-Prune  SyncError(2)  https://git.example.com/fleet.git  apps/shop  main");
}

TEST(AppGet, ShowsTheApplicationAndItsConditions) {
  EXPECT_EQ(format_app(application(shop)),
            "Name:       argocd/shop\n"
            "Project:    default\n"
            "Server:     https://kubernetes.default.svc\n"
            "Namespace:  shop\n"
            "Source:\n"
            "- Repo:    https://git.example.com/fleet.git\n"
            "  Target:  main\n"
            "  Path:    apps/shop\n"
            "Sync Policy:    Automated (Prune)\n"
            "Sync Status:    OutOfSync from main (8f1c2d3)\n"
            "Health Status:  Degraded\n"
            "\n"
            "CONDITION  MESSAGE                   LAST TRANSITION\n"
            "SyncError  Failed last sync attempt  2026-11-23T08:00:00Z\n"
            "SyncError  twice                     2026-11-23T08:00:00Z");
}

TEST(AppGet, PutsTheResultOfTheLastOperationBesideItsResources) {
  EXPECT_EQ(resource_table(application(shop).status()),
            "GROUP  KIND        NAMESPACE  NAME     STATUS     HEALTH    HOOK     MESSAGE\n"
            "       ConfigMap   shop       old      OutOfSync\n"
            "       Service     shop       web      Synced     Healthy\n"
            "apps   Deployment  shop       web      OutOfSync  Degraded           spec.selector: field is immutable\n"
            "batch  Job         shop       migrate  Succeeded            PreSync  done");
}

TEST(AppHistory, ListsWhatWasDeployedFromASource) {
  EXPECT_EQ(format_history(application(shop)),
            "SOURCE  https://git.example.com/fleet.git\n"
            "ID  DATE                  REVISION\n"
            "0   2026-11-20T08:00:00Z  main (aaaaaaa)\n"
            "1   2026-11-21T08:00:00Z  main (8f1c2d3)");
}

TEST(AppHistory, ListsEachOfSeveralSourcesByItself) {
  const auto several = application(R"({metadata: {name: shop, namespace: argocd}, spec: {sources: [{repoURL: a}, {repoURL: b}]}, status: {history: [
    {id: 0, deployedAt: '2026-11-20T08:00:00Z', sources: [{repoURL: a, targetRevision: main}, {repoURL: b}], revisions: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, 1.2.0]},
    {id: 1, deployedAt: '2026-11-21T08:00:00Z', sources: [{repoURL: a, targetRevision: main}, {repoURL: b}], revisions: [bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, 1.3.0]}]}})");
  EXPECT_EQ(format_history(several),
            "SOURCE  a\n"
            "ID  DATE                  REVISION\n"
            "0   2026-11-20T08:00:00Z  main (aaaaaaa)\n"
            "1   2026-11-21T08:00:00Z  main (bbbbbbb)\n"
            "\n"
            "SOURCE  b\n"
            "ID  DATE                  REVISION\n"
            "0   2026-11-20T08:00:00Z  1.2.0\n"
            "1   2026-11-21T08:00:00Z  1.3.0");
}

TEST(AppGet, ShowsTheSyncWindows) {
  const auto noon = parse_rfc3339("2026-06-15T12:00:30Z").value();
  const auto shown = [&](std::string_view windows) {
    const auto list = parsed(windows);
    const auto decoded = sync::decode_windows(&list);
    return table(window_lines(application(shop), decoded, noon));
  };
  EXPECT_EQ(shown("[]"), "SyncWindow:  Sync Allowed");
  EXPECT_EQ(shown("[{kind: deny, schedule: '* * * * *', duration: 1h, applications: [other]}]"), "SyncWindow:  Sync Allowed");
  EXPECT_EQ(shown("[{kind: deny, schedule: '0 12 * * *', duration: 1h, applications: ['*']}]"),
            "SyncWindow:        Sync Denied\nAssigned Windows:  deny:0 12 * * *:1h");
  EXPECT_EQ(shown("[{kind: allow, schedule: '0 8 * * *', duration: 1h, namespaces: [shop], manualSync: true}, {kind: allow, schedule: '0 9 * * *', duration: 1h, applications: [shop], manualSync: true}]"),
            "SyncWindow:        Manual Allowed\nAssigned Windows:  allow:0 8 * * *:1h,allow:0 9 * * *:1h");
}

TEST(AppGet, ShowsTheParametersThatTheApplicationSays) {
  const auto chart = application(R"({metadata: {name: shop, namespace: argocd}, spec: {source: {repoURL: a, helm: {parameters: [{name: image.tag, value: v2}, {name: x, value: ''}]}}}})");
  EXPECT_EQ(format_parameters(chart.sources.front()), "NAME       VALUE\nimage.tag  v2\nx");
}

TEST(AppLogs, ShowsTheLinesThatAreAskedFor) {
  const auto until = parse_rfc3339("2026-11-23T08:00:00Z").value();
  const struct {
    const char* sentence;
    LineFilter filter;
    const char* line;
    const char* text;
    bool over;
  } cases[] = {
      {"every line", {}, "GET /", "GET /", false},
      {"one with the text, in any case", {.text = "get", .without = false, .match_case = false, .until = {}}, "GET /", "GET /", false},
      {"one without it", {.text = "get", .without = true, .match_case = false, .until = {}}, "GET /", "", false},
      {"the case matters", {.text = "get", .without = false, .match_case = true, .until = {}}, "GET /", "", false},
      {"in time, without the time", {.text = "", .without = false, .match_case = false, .until = until}, "2026-11-23T07:59:59.123456789Z GET /", "GET /", false},
      {"too late", {.text = "", .without = false, .match_case = false, .until = until}, "2026-11-23T08:00:01Z GET /", "", true},
      {"a line without a time, which no server sends", {.text = "", .without = false, .match_case = false, .until = until}, "GET /", "GET /", false},
      {"the filter does not see the time", {.text = "2026", .without = false, .match_case = false, .until = until}, "2026-11-23T07:00:00Z GET /", "", false},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    const auto shown = shown_line(each.filter, each.line);
    EXPECT_EQ(shown.text, each.text);
    EXPECT_EQ(shown.over, each.over);
  }
}

TEST(AppTree, DrawsWhatResourcesOwn) {
  const TreeNode pod{.kind = "Pod", .name = "web-1-x", .health = "Degraded", .message = "ImagePullBackOff"};
  const TreeNode set{.kind = "ReplicaSet", .name = "web-1", .health = "Progressing", .children = {pod, pod}};
  const TreeNode web{.kind = "Deployment", .name = "web", .status = "Synced", .health = "Progressing", .children = {set}};
  const TreeNode map{.kind = "ConfigMap", .name = "settings", .status = "Synced"};
  EXPECT_EQ(format_tree({web, map}),
            "KIND/NAME           STATUS  HEALTH       MESSAGE\n"
            "Deployment/web      Synced  Progressing\n"
            "└─ReplicaSet/web-1          Progressing\n"
            "  ├─Pod/web-1-x             Degraded     ImagePullBackOff\n"
            "  └─Pod/web-1-x             Degraded     ImagePullBackOff\n"
            "ConfigMap/settings  Synced");
}

TEST(AppTree, TellsInDetailSinceWhen) {
  const TreeNode set{.kind = "ReplicaSet", .name = "web-1", .health = "Degraded", .message = "quota", .created = "2026-11-23T08:00:00Z"};
  const TreeNode web{.kind = "Deployment", .name = "web", .status = "Synced", .health = "Healthy", .outcome = "configured", .children = {set}};
  EXPECT_EQ(format_detailed_tree({web}, parse_rfc3339("2026-11-23T11:20:00Z").value()),
            "KIND/NAME           STATUS  HEALTH    AGE        MESSAGE     REASON\n"
            "Deployment/web      Synced  Healthy   <unknown>  configured\n"
            "└─ReplicaSet/web-1          Degraded  3h20m                  quota");
  const std::pair<std::chrono::seconds, const char*> ages[] = {
      {std::chrono::seconds(-5), "0s"}, {std::chrono::seconds(119), "119s"}, {std::chrono::minutes(2), "2m"}, {std::chrono::seconds(125), "2m5s"},
      {std::chrono::minutes(179), "179m"}, {std::chrono::hours(3), "3h"}, {std::chrono::hours(47), "47h"}, {std::chrono::hours(49), "2d1h"},
      {std::chrono::hours(24 * 100), "100d"}, {std::chrono::hours(24 * 800), "2y70d"}, {std::chrono::hours(24 * 3650), "10y"}};
  for (const auto& [age, text] : ages) EXPECT_EQ(age_text(age), text);
}

TEST(AppWait, NamesTheObjectThatIsWaitedFor) {
  struct Case {
    const char* sentence;
    AppWaitOptions options;
    const char* waits;
  };
  const Case cases[] = {
      {"everything", {}, "application shop: ConfigMap shop/old is OutOfSync"},
      {"the health alone", {.health = true}, "application shop: Deployment shop/web is Degraded: 1 of 3 pods is ready"},
      {"Degraded", {.degraded = true}, ""},
      {"Suspended", {.suspended = true}, "application shop: Deployment shop/web is Degraded: 1 of 3 pods is ready"},
      {"Healthy or Degraded", {.health = true, .degraded = true}, ""},
      {"the operation alone", {.operation = true}, ""},
      {"one resource that is as it should be", {.resources = {":Service:web"}}, ""},
      {"one resource in a namespace", {.resources = {"apps:Deployment:shop/web"}}, "application shop: Deployment shop/web is OutOfSync"},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    EXPECT_EQ(blocking(application(shop), each.options).value(), each.waits);
  }
  EXPECT_EQ(blocking(application(shop), {.resources = {"web"}}).error().code(), Code::usage);
}

constexpr std::string_view settled = R"({metadata: {name: shop, namespace: argocd}, spec: {source: {repoURL: a}}, status: {sync: {status: Synced}, health: {status: Healthy},
  resources: [{version: v1, kind: ConfigMap, namespace: shop, name: extra, status: OutOfSync}, {version: v1, kind: Pod, namespace: shop, name: ill, status: Synced, health: {status: Degraded}}]}})";

TEST(AppWait, AResourceThatDoesNotCountIsNotWaitedFor) {
  // IgnoreExtraneous and ignore-healthcheck are such: the Application as a whole is Synced and Healthy.
  EXPECT_EQ(blocking(application(settled), {}).value(), "");
  EXPECT_EQ(blocking(application(settled), {.suspended = true}).value(), "application shop: it is Healthy");
  EXPECT_EQ(blocking(application(settled), {.health = true, .suspended = true}).value(), "");
  EXPECT_EQ(blocking(application(settled), {.resources = {":ConfigMap:extra"}}).value(), "application shop: ConfigMap shop/extra is OutOfSync");
}

TEST(AppWait, EndsWhenAnObjectGoesBadMeanwhile) {
  const auto seen = [](Healths& healths, const char* health, const AppWaitOptions& options) {
    const auto text = fmt::format(R"({{metadata: {{name: shop, namespace: argocd}}, spec: {{source: {{repoURL: a}}}}, status: {{resources: [
      {{kind: Pod, namespace: shop, name: web, health: {{status: {}}}}}]}}}})", health);
    return healths.gone_bad(application(text), options).value();
  };
  Healths all, named, sync, from_unknown;
  EXPECT_EQ(seen(all, "Degraded", {}), "");  // it may get better
  EXPECT_EQ(seen(all, "Progressing", {}), "");
  EXPECT_EQ(seen(all, "Degraded", {}), "Pod shop/web is Degraded");
  EXPECT_EQ(seen(all, "Degraded", {}), "");
  for (const char* health : {"Progressing", "Degraded"}) EXPECT_EQ(seen(named, health, {.resources = {"!:Pod:web"}}), "");
  for (const char* health : {"Progressing", "Degraded"}) EXPECT_EQ(seen(sync, health, {.sync = true}), "");
  for (const char* health : {"Unknown", "Degraded"}) EXPECT_EQ(seen(from_unknown, health, {}), "");
}

TEST(AppResources, AreThoseThatArePickedWithoutThoseThatAreNot) {
  const auto picked = [](const std::vector<std::string>& patterns) {
    std::string names;
    const auto app = application(shop);
    for (const auto& row : rows_of(app.status(), {"resources"})) {
      if (names_resource(patterns, row).value()) names += fmt::format("{}/{} ", row.text({"kind"}), row.text({"name"}));
    }
    return names;
  };
  EXPECT_EQ(picked({"*:*:web"}), "Service/web Deployment/web ");
  EXPECT_EQ(picked({"!:Service:web"}), "ConfigMap/old Deployment/web ");
  EXPECT_EQ(picked({"!:Service:web", "!apps:Deployment:*"}), "ConfigMap/old ");
  EXPECT_EQ(picked({"*:*:web", "!:Service:shop/*"}), "Deployment/web ");
  EXPECT_EQ(picked({"!*:*:web", "*:*:*"}), "ConfigMap/old ");
  EXPECT_EQ(picked({":Service:web", "apps:Deployment:web"}), "Service/web Deployment/web ");
}

TEST(AppRevisions, AreThoseOfTheSourcesThatAreNamed) {
  const auto several = application(R"({metadata: {name: shop, namespace: argocd}, spec: {sources: [{repoURL: a, name: one}, {repoURL: b, name: two}]}})");
  const auto shown = [&](const AppRevisions& asked) {
    const auto found = source_revisions(several, asked);
    if (!found) return found.error().what();
    std::string text;
    for (const auto& [index, revision] : *found) text += fmt::format("{}={} ", index, revision);
    return text;
  };
  EXPECT_EQ(shown({}), "");
  EXPECT_EQ(shown({.revisions = {"v2", "v1"}, .positions = {2, 1}, .names = {}}), "0=v1 1=v2 ");
  EXPECT_EQ(shown({.revisions = {"v2"}, .positions = {}, .names = {"two"}}), "1=v2 ");
  EXPECT_EQ(shown({.revisions = {"v2"}, .positions = {}, .names = {"three"}}), "no source is named \"three\"");
  EXPECT_EQ(shown({.revisions = {"v2"}, .positions = {3}, .names = {}}), "the application has 2 sources, and none at 3");
  EXPECT_EQ(shown({.revisions = {"v2"}, .positions = {}, .names = {}}), "there are 1 --revisions for 0 sources");
  EXPECT_EQ(shown({.revisions = {"v2"}, .positions = {1}, .names = {"one"}}), "--source-positions and --source-names both name sources");
  EXPECT_EQ(source_revisions(several, {.revisions = {"v2"}, .positions = {3}, .names = {}}).error().fix_line(),
            "name one with --source-positions 1 to 2, or --source-names: \"one\", \"two\"");
  EXPECT_EQ(shown({.revisions = {"v2"}, .positions = {0}, .names = {}}), "--source-positions and --source-names name sources, and neither 0 nor \"\" is one");
}

TEST(AppLocal, IsTheSourcesFolderOrTheRepositorysRoot) {
  const TemporaryFolder temporary("app");
  const auto root = std::filesystem::canonical(temporary.path());
  std::filesystem::create_directories(root / "apps/shop");
  std::filesystem::create_directories(root / "elsewhere");
  const auto shown = [&](const std::string& folder, const std::string& repository, const std::string& path) {
    const AppLocal local{.folder = folder, .root = repository};
    const auto found = local_folder(local, path);
    return found ? found->root + " " + found->path : found.error().what();
  };
  const auto text = root.string();
  EXPECT_EQ(shown(text, "", "apps/shop"), text + " apps/shop");
  EXPECT_EQ(shown(text + "/apps/shop", "", "apps/shop"), text + " apps/shop");
  EXPECT_EQ(shown(text + "/elsewhere", "", "apps/shop"), text + "/elsewhere .");
  EXPECT_EQ(shown(text + "/elsewhere", text, "apps/shop"), text + " elsewhere");
  EXPECT_EQ(shown(text + "/apps", "", "."), text + "/apps .");
  EXPECT_EQ(shown(text, text + "/apps", "."), fmt::format("--local \"{0}\" is not in --local-repo-root \"{0}/apps\"", text));
}

TEST(AppExplain, SaysWhatIsWrongAndWhoDidIt) {
  const auto live = parsed(R"({apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop, managedFields: [
    {manager: argocd-controller, operation: Apply, time: '2026-11-23T08:00:00Z'},
    {manager: kube-controller-manager, operation: Update, subresource: status, time: '2026-11-23T10:00:00Z'},
    {manager: kubectl-edit, operation: Update, time: '2026-11-23T09:00:00Z'}]}})");
  std::string text;
  for (const auto& each : explain_application(application(shop), {.live = {live}, .windows = {}})) text += fmt::format("{} | {} | {}\n", each.what, each.because, each.fix);
  EXPECT_EQ(text,
            "SyncError | Failed last sync attempt | correct it in Git, or try again: holdfast app sync shop\n"
            "SyncError | twice | correct it in Git, or try again: holdfast app sync shop\n"
            "the last operation ended as Failed | one or more objects failed to apply | \n"
            "Deployment shop/web was refused | spec.selector: field is immutable | this field cannot be changed in place: take the change back, or let the "
            "object be deleted and made anew with its annotation argocd.argoproj.io/sync-options: Force=true,Replace=true\n"
            "ConfigMap shop/old is in the cluster and not in Git any more |  | \n"
            "Deployment shop/web differs from Git | changed by kubectl-edit at 2026-11-23T09:00:00Z | see how: holdfast app diff shop\n"
            "Deployment shop/web is Degraded | 1 of 3 pods is ready | \n");
}

TEST(AppExplain, SaysWhatWaitsForAPerson) {
  constexpr std::string_view kept = R"(apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {{name: shop, namespace: team, finalizers: [resources-finalizer.argocd.argoproj.io]{}}}
spec: {{source: {{repoURL: 'https://git.example.com/fleet.git', path: .}}, destination: {{server: 'https://kubernetes.default.svc', namespace: shop}}}}
{}
status:
  sync: {{status: Synced}}
  operationState: {{phase: Running, message: 'waiting for pruning confirmation of /ConfigMap/old'}}
  resources: [{{version: v1, kind: ConfigMap, namespace: shop, name: kept, status: Synced, requiresDeletionConfirmation: true}}]
)";
  const auto explained = [&](std::string_view metadata, std::string_view operation) {
    std::string out;
    const auto text = fmt::format(fmt::runtime(kept), metadata, operation);
    for (const auto& each : explain_application(application(text), {})) out += fmt::format("{} | {} | {}\n", each.what, each.because, each.fix);
    return out;
  };
  const std::string going = "the application is being deleted | it waits for resources-finalizer.argocd.argoproj.io | \n";
  EXPECT_EQ(explained(", deletionTimestamp: '2026-11-23T08:00:00Z'", ""),
            going + "the deletion waits for a person | ConfigMap shop/kept: deleted only when confirmed | let them go: holdfast app confirm-deletion team/shop\n");
  EXPECT_EQ(explained(", deletionTimestamp: '2026-11-23T08:00:00Z', annotations: {argocd.argoproj.io/deletion-approved: '2026-11-23T08:00:01Z'}", ""), going);
  EXPECT_EQ(explained("", "operation: {sync: {}}"),
            "an operation waits for a person | waiting for pruning confirmation of /ConfigMap/old | let them go: holdfast app confirm-deletion team/shop\n");
  EXPECT_EQ(explained("", ""), "");
}

TEST(AppExplain, SaysThatASyncWindowIsInTheWay) {
  const auto explained = [](std::string_view manual, std::string_view policy) {
    const auto list = parsed(fmt::format("[{{kind: deny, schedule: '0 10 * * *', duration: 1h, timeZone: UTC, applications: [shop], manualSync: {}}}]", manual));
    Surroundings around{.live = {}, .windows = sync::decode_windows(&list), .now = parse_rfc3339("2026-11-23T10:30:00Z").value()};
    const auto app = application(fmt::format(R"({{metadata: {{name: shop, namespace: argocd}}, spec: {{project: red, source: {{repoURL: a}}, syncPolicy: {}}}, status: {{sync: {{status: OutOfSync}}}}}})", policy));
    std::string text;
    for (const auto& each : explain_application(app, around)) text += fmt::format("{} | {} | {}\n", each.what, each.because, each.fix);
    around.now += std::chrono::hours(2);
    EXPECT_EQ(explain_application(app, around).size(), policy == "{}" ? 1U : 0U);
    return text;
  };
  EXPECT_EQ(explained("true", "{automated: {}}"),
            "a sync window lets nothing be synced but by hand | deny:0 10 * * *:1h (UTC) | holdfast app sync shop\n");
  EXPECT_EQ(explained("false", "{automated: {}}"),
            "a sync window lets nothing be synced | deny:0 10 * * *:1h (UTC) | wait, or correct syncWindows of project red\n");
  EXPECT_EQ(explained("false", "{}"),
            "a sync window lets nothing be synced | deny:0 10 * * *:1h (UTC) | wait, or correct syncWindows of project red\n"
            "nothing is applied by itself | the application has no automated sync policy | holdfast app sync shop\n");
}

TEST(UnifiedDiff, ShowsThreeLinesAroundEachChange) {
  EXPECT_EQ(unified_diff("a\nb\n", "a\nb\n"), "");
  EXPECT_EQ(unified_diff("", "a\n"), "@@ -0,0 +1 @@\n+a\n");
  EXPECT_EQ(unified_diff("a\n", ""), "@@ -1 +0,0 @@\n-a\n");
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n"),
            "@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  EXPECT_EQ(unified_diff("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n"),
            "@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
}

TEST(SourceAccess, FindsTheRepositoryThatTheEngineServes) {
  const auto from = [](std::string_view url) {
    return application(fmt::format(R"({{metadata: {{name: a, namespace: argocd}}, spec: {{source: {{repoURL: '{}', path: .}}}}}})", url));
  };
  const auto other = from("https://git.example.com/a.git"), own = from("http://holdfast-agent.argocd.svc/fleet.git");
  EXPECT_EQ(built_in_url({other, own}, "argocd"), "http://holdfast-agent.argocd.svc/fleet.git");
  EXPECT_EQ(built_in_url({other, own}, "elsewhere"), "");
  EXPECT_EQ(built_in_url({other}, "argocd"), "");
}

}  // namespace
}  // namespace holdfast::bootstrap
