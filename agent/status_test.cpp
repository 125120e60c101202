// SPDX-License-Identifier: Apache-2.0
#include "agent/status.h"

#include <gtest/gtest.h>

#include "value/json.h"

namespace holdfast::agent {
namespace {

// A status is written without a condition, so another's write may come between it and what was looked at.
TEST(WriteStatus, KnowsWhatOthersHaveWrittenInBetween) {
  const Value before = json::parse(R"({"metadata": {"name": "a", "resourceVersion": "4", "generation": 1},
                                       "status": {"sync": {"status": "OutOfSync", "revision": "c"}}})", "before").value();
  const Value patch = json::parse(R"({"status": {"sync": {"status": "Unknown", "revision": null}}})", "patch").value();
  const auto written = [&](std::string_view metadata, std::string_view rest) {
    return json::parse(fmt::format(R"({{"metadata": {{"name": "a", "resourceVersion": "6", "generation": 2{}}}{}}})", metadata, rest), "written").value();
  };
  const std::string ours = R"(, "status": {"sync": {"status": "Unknown"}})";
  EXPECT_FALSE(changed_by_others(before, patch, written("", ours)));
  EXPECT_FALSE(changed_by_others(before, patch, written(R"(, "managedFields": [{"manager": "holdfast-agent"}])", ours)));
  const std::pair<std::string, std::string> others[] = {
      {R"(, "annotations": {"argocd.argoproj.io/refresh": "normal"})", ours},
      {"", ours + R"(, "operation": {"sync": {}})"},
      {"", R"(, "status": {"operationState": {"phase": "Terminating"}, "sync": {"status": "Unknown"}})"},
      {R"(, "deletionTimestamp": "2026-01-01T00:00:00Z")", ours}};
  for (const auto& [metadata, rest] : others) EXPECT_TRUE(changed_by_others(before, patch, written(metadata, rest))) << metadata << rest;
}

// Rows of `count` objects, of which the last one is ill.
Value rows_of(int count, std::string_view member, std::string_view ill) {
  Array rows;
  for (int i = 0; i < count; ++i) {
    Value row = Object{{"kind", "ConfigMap"}, {"name", fmt::format("n{}", i)}};
    row[member] = i + 1 == count ? ill : "Synced";
    rows.push_back(std::move(row));
  }
  return rows;
}

TEST(WriteStatus, WhatDoesNotFitIsToldShortlyAndWithItsReason) {
  const WallTime now = *parse_rfc3339("2026-01-01T00:00:00Z");
  struct Case {
    int objects, results;
    const char *phase, *told_phase;
    bool drops;
  };
  const Case cases[] = {{1500, 0, "Running", "Running", false}, {1500, 1500, "Succeeded", "Succeeded", false}, {1500, 1500, "Running", "Error", true}};
  for (const auto& each : cases) {
    StatusChange change;
    change.status = Object{};
    change.status["resources"] = rows_of(each.objects, "status", "OutOfSync");
    change.status["operationState"]["phase"] = each.phase;
    change.status["operationState"]["syncResult"]["resources"] = rows_of(each.results, "status", "SyncFailed");
    const auto told = shortened(change, now);
    const Array& rows = *told.status.find("resources")->as_array();
    EXPECT_EQ(rows.size(), 1000U);
    EXPECT_EQ(rows.front().text({"status"}), "OutOfSync");
    EXPECT_EQ(told.status.text({"operationState", "phase"}), each.told_phase);
    EXPECT_EQ(told.drop_operation, each.drops);
    const Value& condition = told.status.find("conditions")->as_array()->front();
    EXPECT_EQ(condition.text({"type"}), "OversizedStatusWarning");
    EXPECT_TRUE(condition.text({"message"}).starts_with("what there is to say of 1500 objects does not fit"));
  }
}

}  // namespace
}  // namespace holdfast::agent
