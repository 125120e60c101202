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

}  // namespace
}  // namespace holdfast::agent
