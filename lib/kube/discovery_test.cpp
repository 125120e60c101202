// SPDX-License-Identifier: Apache-2.0
#include "kube/discovery.h"

#include "value/json.h"

#include <gtest/gtest.h>

namespace holdfast::kube {
namespace {

constexpr const char* answer =
    R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[
 {"metadata":{"name":"apps"},"versions":[{"version":"v1","freshness":"Current","resources":[
   {"resource":"deployments","responseKind":{"group":"","version":"","kind":"Deployment"},
    "scope":"Namespaced",
    "verbs":["get","list","watch"],"subresources":[{"subresource":"scale"},
    {"subresource":"status"}]}]}]},
 {"metadata":{"name":"autoscaling"},"versions":[
   {"version":"v2","resources":[{"resource":"horizontalpodautoscalers",
    "responseKind":{"kind":"HorizontalPodAutoscaler"},"scope":"Namespaced"}]},
   {"version":"v1","resources":[{"resource":"horizontalpodautoscalers",
    "responseKind":{"kind":"HorizontalPodAutoscaler"},"scope":"Namespaced"}]}]},
 {"metadata":{"name":"metrics.k8s.io"},"versions":[{"version":"v1beta1","freshness":"Stale"}]},
 {"metadata":{"name":"strange"},"versions":[{"version":"v1","resources":[{"resource":"x",
    "subresources":[{"subresource":"y"}]},7]},null]}
]})";

TEST(Catalog, KnowsTheKindsOfAllGroups) {
  Catalog catalog;
  ASSERT_TRUE(catalog.add(*json::parse(answer, "test")).has_value());
  const auto* deployment = catalog.find("apps/v1", "Deployment");
  ASSERT_NE(deployment, nullptr);
  EXPECT_EQ(deployment->resource, "deployments");
  EXPECT_TRUE(deployment->namespaced);
  EXPECT_TRUE(deployment->has_verb("watch"));
  EXPECT_FALSE(deployment->has_verb("create"));
  EXPECT_EQ(deployment->subresources, (std::vector<std::string>{"scale", "status"}));
  EXPECT_TRUE(catalog.find("autoscaling/v2", "HorizontalPodAutoscaler")->preferred);
  EXPECT_FALSE(catalog.find("autoscaling/v1", "HorizontalPodAutoscaler")->preferred);
  EXPECT_EQ(catalog.find("apps/v2", "Deployment"), nullptr);
  EXPECT_EQ(catalog.kinds().size(), 3U);
}

TEST(Catalog, KeepsAGroupThatDoesNotAnswerApart) {
  Catalog catalog;
  ASSERT_TRUE(catalog.add(*json::parse(answer, "test")).has_value());
  EXPECT_TRUE(catalog.is_stale("metrics.k8s.io/v1beta1"));
  EXPECT_FALSE(catalog.is_stale("apps/v1"));
}

TEST(Catalog, RefusesAServerWithoutAggregatedDiscovery) {
  Catalog catalog;
  const auto added = catalog.add(*json::parse(R"({"kind":"APIGroupList"})", "test"));
  ASSERT_FALSE(added.has_value());
  EXPECT_EQ(
      added.error().message(),
      "the API server does not offer aggregated discovery: it answered with kind 'APIGroupList'");
}

}  // namespace
}  // namespace holdfast::kube
