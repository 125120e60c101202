// SPDX-License-Identifier: Apache-2.0
#include "sync/namespaces.h"

#include <gtest/gtest.h>

#include "sync/application.h"
#include "sync/project.h"
#include "yaml/yaml.h"

namespace holdfast::sync {
namespace {

TEST(Namespaces, AreListedByGlobsAndExpressions) {
  struct Case {
    std::vector<std::string> patterns;
    std::string_view namespace_;
    bool listed;
  };
  const Case cases[] = {
      {{}, "team", false},
      {{"team"}, "team", true},
      {{"team"}, "team-1", false},
      {{"other", "team-*"}, "team-1", true},
      {{"{a,b}"}, "b", true},
      {{"/eam/"}, "team-1", true},
      {{"/^team-[0-9]+$/"}, "team-1", true},
      {{"/^team-[0-9]+$/"}, "team-x", false},
      {{"/^((?!not-allowed).)*$/"}, "team", true},
      {{"/^((?!not-allowed).)*$/"}, "is-not-allowed-here", false},
      {{"/^(?!kube-).*$/"}, "my-kube-1", true},
      {{"/^(?!kube-).*$/"}, "kube-system", false},
      {{"/(?<=a)b/"}, "ab", false},
      {{"/"}, "team", false},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(lists_namespace(each.patterns, each.namespace_), each.listed)
        << (each.patterns.empty() ? "" : each.patterns.back()) << " " << each.namespace_;
  }
}

TEST(Namespaces, SayWhatIsNoPattern) {
  EXPECT_EQ(namespace_pattern_problem("team-*"), std::nullopt);
  EXPECT_EQ(namespace_pattern_problem("/^((?!a|b).)*$/"), std::nullopt);
  EXPECT_EQ(namespace_pattern_problem("[a"), "\"[a\" is no glob");
  EXPECT_TRUE(namespace_pattern_problem("/(?<=a)b/").value().starts_with("\"/(?<=a)b/\" is no regular expression"));
}

TEST(Namespaces, ArePartOfAnInstanceName) {
  EXPECT_EQ(instance_name({"argocd", "shop"}, "argocd"), "shop");
  EXPECT_EQ(instance_name({"", "shop"}, "argocd"), "shop");
  EXPECT_EQ(instance_name({"team", "shop"}, "argocd"), "team_shop");
  EXPECT_EQ(parse_instance_name("shop", "argocd"), (ApplicationName{"argocd", "shop"}));
  EXPECT_EQ(parse_instance_name("team_shop", "argocd"), (ApplicationName{"team", "shop"}));
}

TEST(Namespaces, AreThoseOfTheProject) {
  const auto text = [](std::string_view yaml) { return yaml::parse_one(yaml, "test", yaml::Dialect::kube).value(); };
  const auto project = decode_project(text(
      "metadata: {name: red}\n"
      "spec: {sourceNamespaces: [team-*], sourceRepos: ['*'], destinations: [{server: '*', namespace: '*'}]}\n"));
  const auto admitted = [&](std::string_view namespace_) {
    const auto application = decode_application(text(fmt::format(
        "metadata: {{name: shop, namespace: {}}}\n"
        "spec: {{project: red, source: {{repoURL: 'https://x/y', path: .}}, destination: {{name: in-cluster, namespace: n}}}}\n", namespace_)), "argocd");
    return admit(application.value(), &project, Clusters{});
  };
  EXPECT_TRUE(admitted("argocd").empty());
  EXPECT_TRUE(admitted("team-1").empty());
  const std::vector<Condition> refused{{"UnknownError", "application 'shop' in namespace 'other' is not permitted to use project 'red'"}};
  EXPECT_EQ(admitted("other"), refused);
}

TEST(Namespaces, OfTheEngineAreSaidByTheStatus) {
  const auto text = [](std::string_view yaml) { return yaml::parse_one(yaml, "test", yaml::Dialect::kube).value(); };
  constexpr std::string_view plain = "metadata: {name: shop, namespace: team}\nspec: {}\n";
  EXPECT_EQ(decode_application(text(plain))->instance, "shop");
  EXPECT_EQ(decode_application(text(std::string(plain) + "status: {controllerNamespace: argocd}\n"))->instance, "team_shop");
  // The engine knows better than what anybody wrote into the status.
  EXPECT_EQ(decode_application(text(std::string(plain) + "status: {controllerNamespace: team}\n"), "argocd")->instance, "team_shop");
}

}  // namespace
}  // namespace holdfast::sync
