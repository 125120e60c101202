// SPDX-License-Identifier: Apache-2.0
#include "agent/last_duty.h"

#include <gtest/gtest.h>

#include "value/json.h"

namespace holdfast::agent {
namespace {

TEST(LastDuty, IsDoneByTheApplicationThatHealsTheAgentsDeployment) {
  struct Row {
    std::string_view spec, resource;
    bool keeps;
  };
  constexpr std::string_view heals = R"({"syncPolicy":{"automated":{"selfHeal":true}}})";
  constexpr std::string_view own = R"({"group":"apps","kind":"Deployment","namespace":"argocd","name":"holdfast-agent"})";
  for (const auto& row : {
           Row{heals, own, true},
           Row{R"({"syncPolicy":{"automated":{"selfHeal":false}}})", own, false},
           Row{R"({"syncPolicy":{"automated":{}}})", own, false},
           Row{"{}", own, false},
           Row{heals, R"({"group":"apps","kind":"Deployment","namespace":"other","name":"holdfast-agent"})", false},
           Row{heals, R"({"group":"apps","kind":"Deployment","namespace":"argocd","name":"hello"})", false},
           Row{heals, R"({"kind":"Service","namespace":"argocd","name":"holdfast-agent"})", false},
       }) {
    const auto text = fmt::format(R"({{"spec":{},"status":{{"resources":[{}]}}}})", row.spec, row.resource);
    const auto application = json::parse(text, "test");
    ASSERT_TRUE(application) << text;
    EXPECT_EQ(keeps_agent(*application, "argocd"), row.keeps) << text;
  }
  EXPECT_FALSE(keeps_agent(Value(), "argocd"));
}

}  // namespace
}  // namespace holdfast::agent
