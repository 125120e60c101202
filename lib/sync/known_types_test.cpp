// SPDX-License-Identifier: Apache-2.0
#include "sync/known_types.h"

#include <gtest/gtest.h>

#include "sync/compare.h"
#include "sync/settings.h"
#include "value/json.h"

namespace holdfast::sync {
namespace {

Value object(std::string_view text) { return *json::parse(text, "test"); }

TEST(Quantities, AreWrittenInOneForm) {
  struct Case {
    std::string_view value, want;
  };

  for (const auto& [value, want] : std::to_array<Case>({
           {R"("1")", "1000000000n"},       {"1", "1000000000n"},        {R"("1000m")", "1000000000n"},
           {R"("1e0")", "1000000000n"},     {"0.5", "500000000n"},       {R"("500m")", "500000000n"},
           {R"("1Ki")", "1024000000000n"},  {R"("1.5k")", "1500000000000n"}, {R"("-1")", "-1000000000n"},
           {R"("1E")", "1000000000000000000000000000n"}, {R"("2E2")", "200000000000n"}, {R"("0.1n")", "1n"},
           {R"("+0")", "0n"},               {R"("0Gi")", "0n"},          {R"("Ki")", ""},
           {R"("1.2.3")", ""},              {R"("1x")", ""},             {R"("")", ""},
           {R"("one")", ""},                {"true", ""},                {R"("99999999999999999999999999999999999Ei")", ""},
       })) {
    EXPECT_EQ(canonical_quantity(object(value)), want) << value;
  }
}

TEST(KnownTypes, AreFoundThroughLists) {
  struct Case {
    KnownType known;
    std::string_view before, after;
  };

  for (const auto& [known, before, after] : std::to_array<Case>({
           {{"", "X", "spec.size", "core/Quantity"}, R"({"spec":{"size":"1k"}})", R"({"spec":{"size":"1000000000000n"}})"},
           {{"", "X", "spec.wait", "meta/v1/Duration"}, R"({"spec":{"wait":"1m"}})", R"({"spec":{"wait":"60000000000ns"}})"},
           {{"", "X", "spec.wait", "meta/v1/Duration"}, R"({"spec":{"wait":"soon"}})", R"({"spec":{"wait":"soon"}})"},
           {{"", "X", "spec.pools.room", "core/v1/ResourceList"}, R"({"spec":{"pools":[{"room":{"cpu":1}},{"name":"b"}]}})",
            R"({"spec":{"pools":[{"room":{"cpu":"1000000000n"}},{"name":"b"}]}})"},
           {{"", "X", "spec", "core/v1/PodSpec"},
            R"({"spec":{"containers":[{"name":"1","resources":{"limits":{"cpu":"1"},"requests":{"cpu":"500m"}}}],"volumes":[{"emptyDir":{"sizeLimit":"1"}}]}})",
            R"({"spec":{"containers":[{"name":"1","resources":{"limits":{"cpu":"1000000000n"},"requests":{"cpu":"500000000n"}}}],"volumes":[{"emptyDir":{"sizeLimit":"1000000000n"}}]}})"},
           {{"", "X", "spec.absent.size", "core/Quantity"}, R"({"spec":{"size":"1k"}})", R"({"spec":{"size":"1k"}})"},
       })) {
    Value value = object(before);
    normalize_known_type(known, value);
    EXPECT_EQ(json::write(value), after);
  }
}

constexpr std::string_view resource = R"({"metadata":{"managedFields":[{"manager":"argocd-controller","operation":"Apply","fieldsV1":
  {"f:spec":{"f:cpu":{}},"f:rules":{},"f:aggregationRule":{}}}]})";

Value owned(std::string_view rest) { return object(fmt::format("{},{}}}", resource, rest)); }

TEST(KnownTypes, AndAggregatedRulesAreEqualByArgocdCm) {
  const Value config = Object{{"data", Object{{"resource.customizations.knownTypeFields.example.com_Widget", "- {field: spec.cpu, type: core/Quantity}\n"
                                                                                                           "- {field: spec.x, type: apps/v1/Foo}\n"},
                                              {"resource.compareoptions", "ignoreAggregatedRoles: true\n"}}}};
  const auto settings = decode_settings(&config);
  ASSERT_EQ(settings.problems.size(), 1U);
  EXPECT_EQ(settings.problems.front(), "knownTypeFields of example.com_Widget: \"apps/v1/Foo\" is no type that is known");
  const auto ignore = *Ignore::make({}, settings.equal), plain = *Ignore::make({});
  const Key widget{"example.com", "Widget", "shop", "one"}, other{"example.com", "Gadget", "shop", "one"};
  const Value live = owned(R"("spec":{"cpu":"1"})"), wanted = owned(R"("spec":{"cpu":"1000m"})");
  EXPECT_FALSE(differs(widget, live, wanted, ignore));
  EXPECT_TRUE(differs(other, live, wanted, ignore));
  EXPECT_TRUE(differs(widget, live, wanted, plain));
  EXPECT_TRUE(differs(widget, live, owned(R"("spec":{"cpu":"2"})"), ignore));
  const Key role{"rbac.authorization.k8s.io", "ClusterRole", "", "all"};
  const Value gathered = owned(R"("aggregationRule":{},"rules":[{"verbs":["get"]}])"), empty = owned(R"("aggregationRule":{},"rules":[])");
  EXPECT_FALSE(differs(role, gathered, empty, ignore));
  EXPECT_TRUE(differs(role, gathered, empty, plain));
  EXPECT_TRUE(differs(role, owned(R"("rules":[{"verbs":["get"]}])"), owned(R"("rules":[])"), ignore));
}

TEST(Differs, WhatAWebhookWouldSetCountsWhereItIsAskedFor) {
  const auto ignore = *Ignore::make({});
  const Value live = owned(R"("spec":{"cpu":"1"})"), mutated = owned(R"("spec":{"cpu":"1","sidecar":"on"})");
  EXPECT_FALSE(differs({}, live, mutated, ignore));
  EXPECT_TRUE(differs({}, live, mutated, ignore, Compared::whole));
  EXPECT_FALSE(differs({}, live, live, ignore, Compared::whole));
}

}  // namespace
}  // namespace holdfast::sync
