// SPDX-License-Identifier: Apache-2.0
#include "sync/updates.h"

#include <gtest/gtest.h>

#include "sync/settings.h"
#include "value/json.h"

namespace holdfast::sync {
namespace {

Value object(std::string_view text) { return *json::parse(text, "test"); }

Value config(std::vector<std::pair<std::string, std::string>> data) {
  Value made = Object{{"data", Object{}}};
  for (auto& [key, value] : data) made["data"][key] = value;
  return made;
}

// A Deployment whose status says its health.
Value deployment(std::string_view note, std::string_view health = "Healthy", int replicas = 1, int version = 1) {
  return object(fmt::format(
      R"({{"apiVersion":"apps/v1","kind":"Deployment","metadata":{{"name":"web","namespace":"shop","generation":{3},
         "resourceVersion":"{3}","managedFields":[{{"manager":"m{3}"}}],"annotations":{{"note":"{0}"}}}},
         "status":{{"replicas":{2},"health":"{1}","note":"{0}"}}}})", note, health, replicas, version));
}

std::optional<health::Health> assess(const Value& live) {
  const auto word = live.text({"status", "health"});
  return health::Health{word == "Healthy" ? health::Status::healthy : health::Status::progressing, std::string(word)};
}

TEST(Updates, WhatTheRulesNameIsNotLookedAt) {
  const std::string all = "resource.customizations.ignoreResourceUpdates.all";
  const std::string status = "jsonPointers: [/status]", both = "jsonPointers: [/status, /metadata/annotations/note]";
  const Value before = deployment("a");
  struct Case {
    const char* sentence;
    Value settings;
    Value after;
    bool ignored;
  };
  const Case cases[] = {
      {"without rules everything counts", config({}), deployment("a", "Healthy", 1, 2), false},
      {"the server's bookkeeping", config({{all, status}}), deployment("a", "Healthy", 1, 2), true},
      {"a field that is named", config({{all, both}}), deployment("b", "Healthy", 1, 2), true},
      {"a field that is not named", config({{all, status}}), deployment("b", "Healthy", 1, 2), false},
      {"the health", config({{all, both}}), deployment("a", "Rolling", 1, 2), false},
      {"the first pod", config({{all, both}}), deployment("a", "Healthy", 0, 2), false},
      {"a rule for another kind", config({{"resource.customizations.ignoreResourceUpdates.ConfigMap", both}}), deployment("b"), false},
      {"a rule for the kind", config({{"resource.customizations.ignoreResourceUpdates.apps_Deployment", both}}), deployment("b"), true},
      {"an expression", config({{all, "jqPathExpressions: ['.status', '.metadata.annotations.\"note\"']"}}), deployment("b"), true},
      {"the switch is off", config({{all, both}, {"resource.ignoreResourceUpdatesEnabled", "false"}}), deployment("b"), false},
      {"ignoreDifferences counts as well", config({{"resource.customizations.ignoreDifferences.all", both}}), deployment("b"), true},
      {"unless it is told not to", config({{"resource.customizations.ignoreDifferences.all", both},
                                           {"resource.compareoptions", "ignoreDifferencesOnResourceUpdates: false"}}), deployment("b"), false},
      {"the older form", config({{"resource.customizations", "apps/Deployment:\n  ignoreResourceUpdates: |\n    " + both + "\n"}}),
       deployment("b"), true},
  };
  for (const auto& each : cases) {
    const auto settings = decode_settings(&each.settings);
    EXPECT_TRUE(settings.problems.empty());
    const auto updates = Updates::make(settings.ignore_updates).value();
    EXPECT_EQ(updates.ignores(key_of(before), before, each.after, assess), each.ignored) << each.sentence;
  }
}

}  // namespace
}  // namespace holdfast::sync
