// SPDX-License-Identifier: Apache-2.0
#include "agent/after_push.h"

#include "value/json.h"

#include <gtest/gtest.h>

namespace holdfast::agent {
namespace {

TEST(AfterPush, ThoseThatFollowTheBranchAreAsked) {
  const struct {
    const char* spec;
    bool want;
  } table[] = {
      {R"({"source": {"repoURL": "http://git/fleet.git", "targetRevision": "main"}})", true},
      {R"({"source": {"repoURL": "http://git/fleet.git/"}})", true},
      {R"({"source": {"repoURL": "http://git/fleet.git", "targetRevision": "HEAD"}})", true},
      {R"({"source": {"repoURL": "http://git/fleet.git", "targetRevision": "refs/heads/main"}})",
       true},
      {R"({"source": {"repoURL": "http://git/fleet.git", "targetRevision": "v1"}})", false},
      {R"({"source": {"repoURL": "http://git/other.git", "targetRevision": "main"}})", false},
      {R"({"sources": [{"repoURL": "x"}, {"repoURL": "http://git/fleet.git"}]})", true},
      {R"({"sources": [{"repoURL": "x"}]})", false},
      {R"({})", false},
  };

  for (const auto& row : table) {
    const auto spec = json::parse(row.spec, "spec").value();
    EXPECT_EQ(follows(Value(Object{{"spec", spec}}), "http://git/fleet.git", "refs/heads/main"),
              row.want)
        << row.spec;
  }
}

}  // namespace
}  // namespace holdfast::agent
