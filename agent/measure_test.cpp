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
  Metrics metrics(metric_families());
  Memory memory;
  auto app = json::parse(R"({"metadata":{"name":"shop","namespace":"argocd"},"spec":{"project":"default",
    "source":{"repoURL":"https://git/fleet.git"},"destination":{"server":"https://kubernetes.default.svc","namespace":"shop"},
    "syncPolicy":{"automated":{}}},"status":{"sync":{"status":"Synced"},"health":{"status":"Healthy"},
    "conditions":[{"type":"SyncError","message":"a"},{"type":"SyncError","message":"b"}],
    "operationState":{"phase":"Succeeded","startedAt":"2026-01-01T00:00:00Z","finishedAt":"2026-01-01T00:00:04Z","operation":{"sync":{}}}}})",
                         "test").value();
  measure_application(metrics, "argocd", "shop", &app, memory);
  measure_application(metrics, "argocd", "shop", &app, memory);
  const auto text = metrics.text();
  const std::string id = R"(namespace="argocd",name="shop",project="default")";
  EXPECT_EQ(lines_with(text, "argocd_app_info{"),
            "argocd_app_info{" + id + R"(,autosync_enabled="true",repo="https://git/fleet.git",dest_server="https://kubernetes.default.svc",)"
            R"(dest_namespace="shop",sync_status="Synced",health_status="Healthy",operation=""} 1)" "\n");
  EXPECT_EQ(lines_with(text, "argocd_app_condition{"), "argocd_app_condition{" + id + R"(,condition="SyncError"} 2)" "\n");
  EXPECT_EQ(lines_with(text, "argocd_app_sync_total{"),
            "argocd_app_sync_total{" + id + R"(,dest_server="https://kubernetes.default.svc",phase="Succeeded",dry_run="false"} 1)" "\n");
  EXPECT_EQ(lines_with(text, "argocd_app_sync_duration_seconds_total{"),
            "argocd_app_sync_duration_seconds_total{" + id + R"(,dest_server="https://kubernetes.default.svc"} 4)" "\n");
  measure_application(metrics, "argocd", "shop", nullptr, memory);
  EXPECT_EQ(lines_with(metrics.text(), "argocd_app_"), "");
}

}  // namespace
}  // namespace holdfast::agent
