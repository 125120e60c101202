// SPDX-License-Identifier: Apache-2.0
#include "sync/claims.h"

#include <gtest/gtest.h>

#include "value/json.h"

namespace holdfast::sync {
namespace {

Value object(std::string_view text) { return *json::parse(text, "test"); }

Targets targets_of(std::string_view application, std::initializer_list<const char*> texts) {
  AdoptOptions options;
  options.application = application;
  options.namespace_ = "shop";
  options.scope = [](std::string_view, std::string_view kind) { return std::optional(kind == "Namespace" ? Scope::cluster : Scope::namespaced); };
  std::vector<Value> manifests;
  for (const char* each : texts) manifests.push_back(object(each));
  return adopt(options, std::move(manifests));
}

bool all(const Target&) { return true; }

std::string text_of(const std::optional<Claims::Objection>& objection) { return objection ? objection->text : ""; }

constexpr const char* one = R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","namespace":"shop"}})";
constexpr const char* bead = R"({"apiVersion":"example.com/v1","kind":"Bead","metadata":{"name":"b","namespace":"far"}})";

TEST(Claims, WhatOthersHaveIsNotRemoved) {
  Claims claims;
  claims.put("team_b", targets_of("team_b", {one, bead}), all);
  const auto own = targets_of("a", {});
  struct Case {
    const char *object, *objection;
  };
  const Case cases[] = {
      {one, "kept: application team/b has it as well"},
      {R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"two","namespace":"shop"}})", ""},
      {R"({"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one","namespace":"far"}})", ""},
      {R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"far"}})", "kept: objects of application team/b would go with it"},
      {R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"near"}})", ""},
      {R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"beads.example.com"},
          "spec":{"group":"example.com","names":{"kind":"Bead"}}})", "kept: objects of application team/b would go with it"},
      {R"({"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"rings.example.com"},
          "spec":{"group":"example.com","names":{"kind":"Ring"}}})", ""},
  };
  for (const auto& each : cases) EXPECT_EQ(text_of(claims.objection("a", &own, object(each.object))), each.objection) << each.object;
  EXPECT_EQ(text_of(claims.objection("team_b", nullptr, object(one))), "");
  claims.drop("team_b");
  EXPECT_EQ(text_of(claims.objection("a", &own, object(one))), "");
}

TEST(Claims, ANamespaceStaysUnderWhatItsOwnApplicationHas) {
  const Claims claims;
  const auto own = targets_of("a", {one});
  EXPECT_EQ(text_of(claims.objection("a", &own, object(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}})"))),
            "kept: ConfigMap/one, which Git has, would go with it");
  EXPECT_EQ(text_of(claims.objection("a", nullptr, object(R"({"apiVersion":"v1","kind":"Namespace","metadata":{"name":"shop"}})"))), "");
}

TEST(Claims, WhatAnApplicationMayNotHaveItCannotKeep) {
  Claims claims;
  claims.put("b", targets_of("b", {one}), [](const Target&) { return false; });
  EXPECT_EQ(text_of(claims.objection("a", nullptr, object(one))), "");
}

TEST(Claims, ALookThatGaveNothingKeepsWhatWasKnown) {
  Claims claims;
  EXPECT_EQ(claims.unknown_of({"a", "b"}), "a");
  claims.put("a", targets_of("a", {one}), all);
  claims.note_look("a");
  claims.note_look("b");
  EXPECT_EQ(claims.unknown_of({"a", "b"}), std::nullopt);
  EXPECT_NE(text_of(claims.objection("b", nullptr, object(one))), "");
}

}  // namespace
}  // namespace holdfast::sync
