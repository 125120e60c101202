// SPDX-License-Identifier: Apache-2.0
#include "sync/settings.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "yaml/yaml.h"

namespace holdfast::sync {
namespace {

using std::chrono::seconds;

Value text(std::string_view yaml) { return yaml::parse_one(yaml, "test", yaml::Dialect::kube).value(); }

Settings settings_of(std::string_view key, std::string_view value) {
  const Value config = Object{{"data", Object{{std::string(key), value}}}};
  return decode_settings(&config);
}

TEST(Settings, SayWhenSomebodyLooksAgain) {
  struct Case {
    const char* data;
    double part;
    std::optional<Duration> want;
  };
  const Case cases[] = {
      {"{}", 0, seconds(120)},
      {"{}", 0.5, seconds(150)},
      {"{timeout.reconciliation: 10s, timeout.reconciliation.jitter: 4s}", 0.25, seconds(11)},
      {"{timeout.reconciliation: 10s, timeout.reconciliation.jitter: 0s}", 0.9, seconds(10)},
      {"{timeout.reconciliation: 0s}", 0.5, std::nullopt},
      {"{timeout.reconciliation: 0s, timeout.hard.reconciliation: 1h}", 0, seconds(3600)},
      {"{timeout.reconciliation: 2h, timeout.hard.reconciliation: 1h}", 0, seconds(3600)},
      {"{timeout.reconciliation: 1h, timeout.hard.reconciliation: 2h}", 0, seconds(3600)},
  };
  for (const auto& each : cases) {
    const Value config = Object{{"data", text(each.data)}};
    EXPECT_EQ(decode_settings(&config).next_look(each.part), each.want) << each.data;
  }
}

TEST(Settings, SayThatSelectorsDoNotNarrowWhatIsWatched) {
  EXPECT_EQ(settings_of("resource.selectors", "- {kinds: [Pod], selector: '!foo'}").problems,
            std::vector<std::string>{"argocd-cm resource.selectors: is not known here, so every object of a kind is watched"});
  for (const char* nothing : {"null", "[]"}) EXPECT_TRUE(settings_of("resource.selectors", nothing).problems.empty()) << nothing;
  // As upstream, which reads the member of an exclusion and does not ask it.
  EXPECT_TRUE(settings_of("resource.exclusions", "- {kinds: [Pod], selector: '!foo'}").excludes("", "Pod"));
}

TEST(Settings, SayOfWhatTheStatusIsIgnored) {
  struct Case {
    std::string_view word;
    StatusIgnored want;
  };
  const Case cases[] = {{"all", StatusIgnored::all},   {"crd", StatusIgnored::definitions}, {"none", StatusIgnored::none},
                        {"off", StatusIgnored::none},  {"false", StatusIgnored::none},      {"'off'", StatusIgnored::none},
                        {"''", StatusIgnored::all},    {"some", StatusIgnored::all}};
  for (const auto& [word, want] : cases) {
    const auto settings = settings_of("resource.compareoptions", fmt::format("ignoreResourceStatusField: {}", word));
    EXPECT_EQ(settings.equal.status, want) << word;
    EXPECT_EQ(settings.problems.size(), word == "some" ? 1U : 0U) << word;
  }
  EXPECT_EQ(settings_of("resource.compareoptions", "ignoreAggregatedRoles: true").equal.status, StatusIgnored::all);
}

TEST(Settings, SayWhetherTheEnginesRightsCount) {
  EXPECT_EQ(decode_settings(nullptr).respect_rbac, RespectRbac::no);
  EXPECT_EQ(settings_of("resource.respectRBAC", "normal").respect_rbac, RespectRbac::normal);
  EXPECT_EQ(settings_of("resource.respectRBAC", "strict").respect_rbac, RespectRbac::strict);
  EXPECT_EQ(settings_of("resource.respectRBAC", "yes").problems.size(), 1U);
}

TEST(GlobalProjects, PickProjectsByTheirLabels) {
  const auto settings = settings_of("globalProjects", R"(
- projectName: strict
  labelSelector:
    matchLabels: {stage: live}
    matchExpressions:
    - {key: team, operator: In, values: [a, b]}
    - {key: old, operator: DoesNotExist}
- projectName: all
- projectName: broken
  labelSelector: {matchExpressions: [{key: team, operator: Like, values: [a]}]}
)");
  ASSERT_EQ(settings.global_projects.size(), 2U);
  ASSERT_EQ(settings.problems.size(), 1U);
  const auto picks = [&](std::string_view labels) {
    const Value value = text(labels);
    return settings.global_projects[0].selects(&value);
  };
  EXPECT_TRUE(picks("{stage: live, team: b}"));
  EXPECT_FALSE(picks("{stage: test, team: b}"));
  EXPECT_FALSE(picks("{stage: live}"));
  EXPECT_FALSE(picks("{stage: live, team: a, old: ''}"));
  EXPECT_FALSE(settings.global_projects[0].selects(nullptr));
  EXPECT_TRUE(settings.global_projects[1].selects(nullptr));
}

TEST(GlobalProjects, AddWhatTheyPermitAndDeny) {
  auto project = decode_project(text("spec: {sourceRepos: ['https://a/x'], destinations: [{server: '*', namespace: a}]}"));
  const auto global = decode_project(text(
      "spec: {sourceRepos: ['https://b/*'], namespaceResourceBlacklist: [{group: '', kind: Secret}],"
      " namespaceResourceWhitelist: [{group: '', kind: '*'}], clusterResourceWhitelist: [{group: '', kind: Namespace}]}"));
  const Key deployment{"apps", "Deployment", "a", "web"}, secret{"", "Secret", "a", "key"}, map{"", "ConfigMap", "a", "one"};
  EXPECT_TRUE(project.permits_kind(deployment, Scope::namespaced));
  merge_global(project, global);
  EXPECT_TRUE(project.permits_source(decode_source(text("repoURL: https://a/x"))));
  EXPECT_TRUE(project.permits_source(decode_source(text("repoURL: https://b/y"))));
  EXPECT_TRUE(project.permits_kind({"", "Namespace", "", "a"}, Scope::cluster));
  EXPECT_TRUE(project.permits_kind(map, Scope::namespaced));
  EXPECT_FALSE(project.permits_kind(secret, Scope::namespaced));
  EXPECT_FALSE(project.permits_kind(deployment, Scope::namespaced));
}

// One YAML map for all kinds, as it was written before there was a key for each.
TEST(Settings, TheOlderFormOfCustomizationsCounts) {
  const auto settings = settings_of("resource.customizations", R"(
apps/Deployment:
  health.lua: return {status = 'Healthy'}
  ignoreDifferences: 'jsonPointers: [/spec/replicas]'
  ignoreResourceUpdates: 'jqPathExpressions: [.status]'
"*.example.com/*":
  health.lua: return {}
ConfigMap:
  ignoreDifferences: 'managedFieldsManagers: [somebody]'
  actions: |
    discovery.lua: return {restart = {}}
    definitions: [{name: restart, action.lua: return obj}]
example.com/Size:
  knownTypeFields: '[{field: spec.size, type: core/Quantity}]'
)");
  EXPECT_TRUE(settings.problems.empty());
  std::string health, ignored;
  for (const auto& each : settings.health) health += each.group_kind + " ";
  for (const auto& each : settings.ignore) {
    ignored += fmt::format("{}|{} {} {};", each.group, each.kind, fmt::join(each.pointers, ","), fmt::join(each.managers, ","));
  }
  EXPECT_EQ(health, "*.example.com_* apps_Deployment ");
  EXPECT_EQ(ignored, "|ConfigMap  somebody;apps|Deployment /spec/replicas ;");
  EXPECT_EQ(settings.ignore_updates.front().jq, std::vector<std::string>{".status"});
  ASSERT_TRUE(settings.actions.contains("ConfigMap"));
  EXPECT_EQ(settings.actions.at("ConfigMap").scripts.discovery, "return {restart = {}}");
  EXPECT_EQ(settings.actions.at("ConfigMap").scripts.definitions.at("restart"), "return obj");
  EXPECT_EQ(settings.equal.known_types.back().field, "spec.size");
}

}  // namespace
}  // namespace holdfast::sync
