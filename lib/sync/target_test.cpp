// SPDX-License-Identifier: Apache-2.0
#include "sync/target.h"

#include <gtest/gtest.h>

#include "sync/hook.h"
#include "value/json.h"

namespace holdfast::sync {
namespace {

Value object(std::string_view text) { return *json::parse(text, "test"); }

AdoptOptions options() {
  AdoptOptions made;
  made.application = "web";
  made.namespace_ = "shop";
  made.scope = [](std::string_view, std::string_view kind) -> std::optional<Scope> {
    if (kind == "ClusterRole") return Scope::cluster;
    return kind == "Unknown" ? std::nullopt : std::optional(Scope::namespaced);
  };
  return made;
}

Targets adopt_one(const char* text) {
  std::vector<Value> manifests{object(text)};
  return adopt(options(), std::move(manifests));
}

TEST(Adopt, GivesTheDestinationsNamespaceAndTheTrackingId) {
  const auto targets = adopt_one(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"}})");
  ASSERT_EQ(targets.objects.size(), 1U);
  const Value& made = *targets.objects[0].object;
  EXPECT_EQ(made.text({"metadata", "namespace"}), "shop");
  EXPECT_EQ(made.text({"metadata", "annotations", "argocd.argoproj.io/tracking-id"}), "web:/ConfigMap:shop/one");
}

TEST(Adopt, AClusterScopedIdCarriesTheDestinationsNamespace) {
  const auto targets = adopt_one(
      R"({"apiVersion":"rbac.authorization.k8s.io/v1","kind":"ClusterRole","metadata":{"name":"r","namespace":"x"}})");
  const Value& made = *targets.objects[0].object;
  EXPECT_EQ(made.text({"metadata", "namespace"}), "");
  EXPECT_EQ(targets.objects[0].key.namespace_, "");
  EXPECT_EQ(made.text({"metadata", "annotations", "argocd.argoproj.io/tracking-id"}),
            "web:rbac.authorization.k8s.io/ClusterRole:shop/r");
}

TEST(Adopt, ACrdIsNeverTracked) {
  const auto targets = adopt_one(R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition",
    "metadata":{"name":"things.example.com"},"spec":{"scope":"Cluster"}})");
  EXPECT_EQ(targets.objects[0].object->find_path({"metadata", "annotations"}), nullptr);
}

TEST(Adopt, OfTwoEqualNamesTheLastWinsWithAWarning) {
  std::vector<Value> manifests;
  for (const char* value : {"1", "2"}) {
    Value each = object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"}})");
    each["data"]["v"] = value;
    manifests.push_back(std::move(each));
  }
  const auto targets = adopt(options(), std::move(manifests));
  ASSERT_EQ(targets.objects.size(), 1U);
  EXPECT_EQ(targets.objects[0].object->text({"data", "v"}), "2");
  ASSERT_EQ(targets.conditions.size(), 1U);
  EXPECT_EQ(targets.conditions[0].message, "Resource /ConfigMap/shop/one appeared 2 times among application resources.");
}

TEST(Adopt, FoldsStringDataIntoData) {
  const auto targets = adopt_one(
      R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"a":"b"},"data":{"c":"ZA=="}})");
  EXPECT_EQ(targets.objects[0].object->text({"data", "a"}), "Yg==");
  EXPECT_EQ(targets.objects[0].object->text({"data", "c"}), "ZA==");
  EXPECT_EQ(targets.objects[0].object->find("stringData"), nullptr);
}

// What is no text stays as it is, so that the server refuses the Secret instead of storing it without the key.
TEST(Adopt, LosesNothingOfStringData) {
  const auto targets = adopt_one(R"({"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"port":5432,"a":"b"}})");
  EXPECT_EQ(json::write(*targets.objects[0].object->find("data")), R"({"a":"Yg==","port":5432})");
}

TEST(Hooks, ArgosAnnotationWinsOverHelms) {
  struct Case {
    const char* argo;
    const char* helm;
    bool hook, skip, ignored;
    std::vector<Phase> phases;
  };
  const Case cases[] = {{"", "", false, false, false, {}},
                        {"PreSync, PostSync", "", true, false, false, {Phase::presync, Phase::postsync}},
                        {"Skip", "", false, true, false, {}},
                        {"Skip,Sync", "", true, false, false, {Phase::sync}},
                        {"Whatever", "", true, false, false, {}},
                        {"", "pre-install", true, false, false, {Phase::presync}},
                        {"", "test", true, false, true, {}},
                        {"", "crd-install", false, false, false, {}},
                        {"Sync", "pre-install", true, false, false, {Phase::sync}}};
  for (const auto& each : cases) {
    Value made = Object{};
    if (*each.argo != 0) made["metadata"]["annotations"]["argocd.argoproj.io/hook"] = each.argo;
    if (*each.helm != 0) made["metadata"]["annotations"]["helm.sh/hook"] = each.helm;
    const Hook hook = hook_of(made);
    EXPECT_EQ(hook.is_hook, each.hook) << each.argo << each.helm;
    EXPECT_EQ(hook.skip, each.skip) << each.argo << each.helm;
    EXPECT_EQ(hook.ignored, each.ignored) << each.argo << each.helm;
    EXPECT_EQ(hook.phases, each.phases) << each.argo << each.helm;
  }
}

TEST(Adopt, WhatAKindWasTakenForHoldsUntilTheClusterSaysOtherwise) {
  const auto scope = [](std::optional<Scope> of_unknown) -> FindScope {
    return [of_unknown](std::string_view, std::string_view kind) { return kind == "Unknown" ? of_unknown : std::optional(Scope::namespaced); };
  };
  std::vector<Value> manifests{object(R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"}})"),
                               object(R"({"apiVersion":"example.com/v1","kind":"Unknown","metadata":{"name":"one"}})")};
  const auto targets = PackedTargets(adopt(options(), std::move(manifests))).unpack();
  EXPECT_TRUE(scopes_hold(targets, scope(std::nullopt)));
  EXPECT_TRUE(scopes_hold(targets, scope(Scope::namespaced)));
  EXPECT_FALSE(scopes_hold(targets, scope(Scope::cluster)));
}

TEST(PackedTargets, ComeBackAsTheyWere) {
  std::vector<Value> manifests;
  for (const char* text : {R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"a":"b"}})",
                           R"({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web","annotations":{"argocd.argoproj.io/sync-wave":"3"}}})",
                           R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"generateName":"job-","annotations":{"argocd.argoproj.io/hook":"PreSync"}}})"}) {
    manifests.push_back(object(text));
  }
  const auto targets = adopt(options(), std::move(manifests));
  ASSERT_EQ(targets.objects.size(), 2U);
  ASSERT_EQ(targets.hooks.size(), 1U);
  const auto unpacked = PackedTargets(targets).unpack();
  for (const auto list : {&Targets::objects, &Targets::hooks}) {
    ASSERT_EQ((unpacked.*list).size(), (targets.*list).size());
    for (std::size_t i = 0; i < (targets.*list).size(); ++i) {
      const Target& one = (unpacked.*list)[i];
      const Target& other = (targets.*list)[i];
      EXPECT_EQ(one.key, other.key);
      EXPECT_EQ(*one.object, *other.object);
      EXPECT_EQ(one.hash, other.hash);
      EXPECT_EQ(one.wave, other.wave);
      EXPECT_EQ(one.hook.phases, other.hook.phases);
    }
  }
}

TEST(Tracking, AnIdOfAnotherShapeIsNone) {
  EXPECT_EQ(parse_tracking_id("web:apps/Deployment:shop/web"), (TrackingId{"web", {"apps", "Deployment", "shop", "web"}}));
  EXPECT_EQ(parse_tracking_id("web:/ConfigMap:shop/a:b"), (TrackingId{"web", {"", "ConfigMap", "shop", "a:b"}}));
  for (const char* bad : {"", "web", "web:apps/Deployment", "web:Deployment:shop/web", "web:apps/Deployment:web"}) {
    EXPECT_EQ(parse_tracking_id(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace holdfast::sync
