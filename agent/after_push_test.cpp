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

TEST(AfterPush, AWebhookAsksThoseWhoseFilesItTouches) {
  const PushNotice main{.urls = {"git@git.example.com:acme/fleet.git"}, .ref = "refs/heads/main", .default_branch = true,
                        .files_known = true, .files = {"apps/shop/a.yaml", "base/b.yaml"}};
  PushNotice unknown = main, tag = main, other = main, slashes = main;
  slashes.ref = "refs/heads/release/1.x";
  unknown.files_known = false;
  tag.ref = "refs/tags/v1.2.0";
  tag.default_branch = false;
  other.ref = "refs/heads/other";
  other.default_branch = false;
  struct Case {
    const char* sentence;
    const PushNotice& notice;
    const char *revision, *paths;
    bool want;
  };
  const Case cases[] = {
      {"the branch", main, "main", "", true},
      {"the default branch", main, "", "", true},
      {"another branch", other, "main", "", false},
      {"HEAD and another branch", other, "HEAD", "", false},
      {"a tag", tag, "v1.2.0", "", true},
      {"another tag", tag, "v1.1.0", "", false},
      {"a range", tag, "^1.0", "", true},
      {"a range with an x", tag, "1.x", "", true},
      {"a range that the tag is not in", tag, "2.x", "", false},
      {"a version that is a pin", tag, "1.2", "", false},
      {"a branch with slashes", slashes, "release/1.x", "", true},
      {"the end of such a name", slashes, "1.x", "", false},
      {"its own folder", main, "main", ".", true},
      {"a file of the root's", main, "main", "/base", true},
      {"a folder beside it", main, "main", "../shop2", false},
      {"files that are not known", unknown, "main", "../shop2", true},
      {"a glob", main, "main", "/base/*.yaml", true},
  };
  for (const auto& each : cases) {
    Value application;
    application["spec"]["source"] = Object{{"path", "apps/shop"}, {"repoURL", "https://git.example.com/acme/fleet"}, {"targetRevision", each.revision}};
    if (*each.paths != '\0') application["metadata"]["annotations"]["argocd.argoproj.io/manifest-generate-paths"] = each.paths;
    EXPECT_EQ(follows(application, each.notice), each.want) << each.sentence;
  }
}

TEST(AfterPush, AnArtifactIsTheSourceOrTheChartOfThatName) {
  const ArtifactNotice notice{"ghcr.io/acme/charts/web", "1.2.0"};
  const struct {
    const char* source;
    bool want;
  } table[] = {
      {R"({"repoURL": "oci://ghcr.io/Acme/charts/web/", "targetRevision": "1.2.0"})", true},
      {R"({"repoURL": "ghcr.io/acme/charts", "chart": "Web", "targetRevision": "1.2.0"})", true},
      {R"({"repoURL": "oci://ghcr.io/acme/charts/web", "targetRevision": "^1.0"})", true},
      {R"({"repoURL": "oci://ghcr.io/acme/charts/web"})", true},
      {R"({"repoURL": "oci://ghcr.io/acme/charts/web", "targetRevision": "1.1.0"})", false},
      {R"({"repoURL": "oci://ghcr.io/acme/charts/web", "targetRevision": "2.x"})", false},
      {R"({"repoURL": "oci://ghcr.io/acme/charts", "targetRevision": "1.2.0"})", false},
      {R"({"repoURL": "https://charts.example.com", "chart": "web", "targetRevision": "1.2.0"})", false},
  };
  for (const auto& row : table) {
    Value application;
    application["spec"]["source"] = json::parse(row.source, "source").value();
    EXPECT_EQ(follows(application, notice), row.want) << row.source;
  }
}

TEST(AfterPush, ATagWithAPrefixIsSeenByTheRangeThatHasIt) {
  const PushNotice tag{.urls = {"https://git.example.com/acme/fleet"}, .ref = "refs/tags/shop-v1.2.0", .default_branch = false,
                       .files_known = false, .files = {}};
  for (const auto& [prefix, want] : {std::pair{"shop-", true}, {"cart-", false}, {"", false}}) {
    Value application;
    application["spec"]["source"] = Object{{"repoURL", "https://git.example.com/acme/fleet"}, {"targetRevision", "^1.0"}, {"tagPrefix", prefix}};
    EXPECT_EQ(follows(application, tag), want) << prefix;
  }
}

}  // namespace
}  // namespace holdfast::agent
