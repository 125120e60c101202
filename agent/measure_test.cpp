// SPDX-License-Identifier: Apache-2.0
#include "agent/measure.h"

#include "value/json.h"

#include <gtest/gtest.h>

namespace holdfast::agent {
namespace {

std::string lines_with(const std::string& text, std::string_view name) {
  std::string found;
  std::size_t from = 0;
  while (from < text.size()) {
    const auto end = text.find('\n', from);
    const auto line = std::string_view(text).substr(from, end - from);
    if (line.starts_with(name)) found += std::string(line) + "\n";
    from = end + 1;
  }
  return found;
}

TEST(Measure, SaysOfAnApplicationWhatUpstreamsDashboardsAskFor) {
  const std::vector<std::string> labels{"team-name"};
  Metrics metrics(metric_families(labels));
  Memory memory;
  memory.orphans = 3;
  auto app = json::parse(R"({"metadata":{"name":"shop","namespace":"argocd","labels":{"team-name":"red"}},"spec":{"project":"default",
    "source":{"repoURL":"https://git/fleet.git"},"destination":{"server":"https://kubernetes.default.svc","namespace":"shop"},
    "syncPolicy":{"automated":{}}},"status":{"sync":{"status":"Synced"},"health":{"status":"Healthy"},
    "conditions":[{"type":"SyncError","message":"a"},{"type":"SyncError","message":"b"}],
    "operationState":{"phase":"Succeeded","startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:04Z","operation":{"sync":{}}}}})",
                         "test").value();
  measure_application(metrics, {"argocd", "shop", &app, labels}, memory);
  measure_application(metrics, {"argocd", "shop", &app, labels}, memory);
  const auto text = metrics.text();
  const std::string id = R"(namespace="argocd",name="shop",project="default")";
  const std::string server = R"(server="https://kubernetes.default.svc",)";
  EXPECT_EQ(lines_with(text, "argocd_app_labels{"), "argocd_app_labels{" + id + R"(,label_team_name="red"} 1)" "\n");
  EXPECT_EQ(lines_with(text, "argocd_app_orphaned_resources_count{"), "argocd_app_orphaned_resources_count{" + id + "} 3\n");
  EXPECT_EQ(lines_with(text, "argocd_app_info{"),
            "argocd_app_info{" + id + R"(,autosync_enabled="true",repo="https://git/fleet",dest_server="https://kubernetes.default.svc",)"
            R"(dest_namespace="shop",sync_status="Synced",health_status="Healthy",operation=""} 1)" "\n");
  EXPECT_EQ(lines_with(text, "argocd_app_condition{"), "argocd_app_condition{" + id + R"(,condition="SyncError"} 2)" "\n");
  EXPECT_EQ(lines_with(text, "argocd_app_sync_total{"),
            "argocd_app_sync_total{" + id + R"(,dest_server="https://kubernetes.default.svc",phase="Succeeded",dry_run="false"} 1)" "\n");
  EXPECT_EQ(lines_with(text, "argocd_app_sync_duration_seconds_total{"),
            "argocd_app_sync_duration_seconds_total{" + id + R"(,dest_server="https://kubernetes.default.svc"} 4)" "\n");
  RequestMeter requests(metrics);
  requests.work_on(&app);
  requests.count({"PATCH", "/api/v1/namespaces/shop/configmaps/color", 200});
  requests.count({"GET", "/apis/apps/v1/namespaces/shop/deployments", 429});
  requests.work_on(nullptr);
  requests.count({"GET", "/version", 200});
  EXPECT_EQ(lines_with(metrics.text(), "argocd_app_k8s_request_total{"),
            "argocd_app_k8s_request_total{" R"(namespace="",name="",project="",)" + server +
                R"(response_code="200",verb="List",resource_kind="",resource_namespace="",dry_run="false"} 1)" "\n"
                "argocd_app_k8s_request_total{" + id + "," + server +
                R"(response_code="200",verb="Patch",resource_kind="configmaps",resource_namespace="shop",dry_run="false"} 1)" "\n"
                "argocd_app_k8s_request_total{" + id + "," + server +
                R"(response_code="429",verb="List",resource_kind="deployments",resource_namespace="shop",dry_run="false"} 1)" "\n");
  measure_application(metrics, {"argocd", "shop", nullptr, labels}, memory);
  EXPECT_EQ(lines_with(metrics.text(), "argocd_app_").find("shop"), std::string::npos);
}

TEST(Measure, CallsARepositoryAsUpstreamDoes) {
  Metrics metrics(metric_families());
  Memory memory;
  for (const auto& [url, want] : {std::pair{"https://Git.example.com/Fleet.git", "https://git.example.com/fleet"},
                                  {"git@git.example.com:acme/fleet.git", "git@git.example.com/acme/fleet"},
                                  {"ssh://git@git.example.com/acme/fleet", "git@git.example.com/acme/fleet"}}) {
    Value app;
    app["spec"]["source"]["repoURL"] = url;
    measure_application(metrics, {"argocd", "shop", &app, {}}, memory);
    EXPECT_NE(metrics.text().find(std::string("repo=\"") + want + "\""), std::string::npos) << url;
  }
}

TEST(Measure, HasTheNamesOfUpstreamsDashboards) {
  const Metrics metrics(metric_families());
  const auto text = metrics.text();
  // Of argoproj/argo-cd examples/dashboard.json: all of the controller and of Git that there is here.
  for (const std::string name : {"argocd_app_info", "argocd_app_sync_total", "argocd_app_reconcile", "argocd_app_k8s_request_total",
                                 "argocd_cluster_api_resources", "argocd_cluster_api_resource_objects", "argocd_cluster_connection_status",
                                 "argocd_cluster_events_total", "argocd_cluster_info", "argocd_git_request_total",
                                 "argocd_git_request_duration_seconds"}) {
    EXPECT_NE(text.find("# TYPE " + name + " "), std::string::npos) << name;
  }
}

TEST(Measure, CountsWhatRepositoriesAreAsked) {
  Metrics metrics(metric_families());
  const std::string url = "https://git/fleet.git";
  measure_git(metrics, {git::Asked::What::listing, url, std::chrono::milliseconds(200), true});
  measure_git(metrics, {git::Asked::What::fetch, url, std::chrono::seconds(3), false});
  const auto text = metrics.text();
  EXPECT_EQ(lines_with(text, "argocd_git_request_total{"),
            R"(argocd_git_request_total{repo="https://git/fleet.git",request_type="fetch"} 1)" "\n"
            R"(argocd_git_request_total{repo="https://git/fleet.git",request_type="ls-remote"} 1)" "\n");
  EXPECT_EQ(lines_with(text, "argocd_git_fetch_fail_total{"), R"(argocd_git_fetch_fail_total{repo="https://git/fleet.git"} 1)" "\n");
  EXPECT_EQ(lines_with(text, "argocd_git_lsremote_fail_total{"), "");
}

}  // namespace
}  // namespace holdfast::agent
