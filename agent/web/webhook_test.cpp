// SPDX-License-Identifier: Apache-2.0
#include "agent/web/webhook.h"

#include "base/text.h"
#include "crypto/primitives.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace holdfast::agent {
namespace {

constexpr const char* github = R"({"ref":"refs/heads/main","repository":{"html_url":"https://github.com/acme/fleet",
  "clone_url":"https://github.com/acme/fleet.git","default_branch":"main"},
  "commits":[{"added":["apps/a.yaml"],"modified":["b.yaml"],"removed":[]}]})";
constexpr const char* forced = R"({"ref":"refs/heads/main","forced":true,"repository":{"html_url":"https://github.com/acme/fleet",
  "default_branch":"main"},"commits":[{"added":["apps/a.yaml"]}]})";
constexpr const char* gitlab = R"({"ref":"refs/tags/v1","project":{"web_url":"https://gitlab.com/acme/fleet",
  "default_branch":"main"},"total_commits_count":40,"commits":[{"added":["a"]}]})";
constexpr const char* cloud = R"({"push":{"changes":[{"new":{"type":"branch","name":"main"}},{"new":null},
  {"new":{"type":"tag","name":"v2"}}]},"repository":{"links":{"html":{"href":"https://bitbucket.org/acme/fleet"}}}})";
constexpr const char* server = R"({"changes":[{"ref":{"id":"refs/heads/main"}}],"repository":{"links":{
  "clone":[{"href":"ssh://git@bitbucket.example.com:7999/acme/fleet.git"}],
  "self":[{"href":"https://bitbucket.example.com/projects/acme/repos/fleet/browse"}]}}})";

constexpr const char* azure = R"({"eventType":"git.push","resource":{"refUpdates":[{"name":"refs/heads/main"},{"name":"refs/heads/next"}],
  "repository":{"remoteUrl":"https://dev.azure.com/acme/shop/_git/fleet","defaultBranch":"refs/heads/main"}}})";

Result<std::vector<Notice>> read(const http::Headers& headers, std::string_view body, const Secrets& secrets) {
  return read_webhook({headers, "", body, secrets});
}

std::string text_of(const Result<std::vector<Notice>>& notices) {
  if (!notices) return std::string(row_of(notices.error().code()).name);
  std::string text;
  for (const auto& notice : *notices) {
    const auto& each = std::get<PushNotice>(notice);
    text += fmt::format("{} {}{}{};", repository_key(each.urls.front()), each.ref, each.default_branch ? " default" : "",
                        each.files_known ? fmt::format(" {}", fmt::join(each.files, ",")) : "");
  }
  return text;
}

TEST(Webhook, SaysWhatWasPushedAndBelievesOnlyWhoKnowsTheSecret) {
  const Secrets secrets{{"webhook.github.secret", "s"}, {"webhook.gitlab.secret", "s"},
                                                   {"webhook.gogs.secret", "s"}, {"webhook.bitbucket.uuid", "{u}"},
                                                   {"webhook.bitbucketserver.secret", "s"},
                                                   {"webhook.azuredevops.username", "u"}, {"webhook.azuredevops.password", "p"}};
  const auto signature = [](const char* body) { return to_hex(crypto::hmac_sha256("s", body)); };
  const std::string forbidden(row_of(Code::forbidden).name), wrong(row_of(Code::wrong_type).name);
  struct Case {
    const char* sentence;
    http::Headers headers;
    const char* body;
    std::string want;
  };
  const Case cases[] = {
      {"GitHub", {{"X-GitHub-Event", "push"}, {"X-Hub-Signature-256", "sha256=" + signature(github)}}, github,
       "github.com/acme/fleet refs/heads/main default apps/a.yaml,b.yaml;"},
      {"GitHub, and commits are gone that nobody lists", {{"X-GitHub-Event", "push"}, {"X-Hub-Signature-256", "sha256=" + signature(forced)}}, forced,
       "github.com/acme/fleet refs/heads/main default;"},
      {"GitHub with another secret", {{"X-GitHub-Event", "push"}, {"X-Hub-Signature-256", "sha256=00"}}, github, forbidden},
      {"GitHub without a signature", {{"X-GitHub-Event", "push"}}, github, forbidden},
      {"GitHub's greeting", {{"X-GitHub-Event", "ping"}, {"X-Hub-Signature-256", "sha256=" + signature("{}")}}, "{}", ""},
      {"Gitea, which names itself GitHub as well",
       {{"X-Gitea-Event", "push"}, {"X-GitHub-Event", "push"}, {"X-Gitea-Signature", signature(github)}}, github,
       "github.com/acme/fleet refs/heads/main default apps/a.yaml,b.yaml;"},
      {"GitLab, more commits than it lists", {{"X-Gitlab-Event", "Tag Push Hook"}, {"X-Gitlab-Token", "s"}}, gitlab,
       "gitlab.com/acme/fleet refs/tags/v1;"},
      {"a whole GitLab's", {{"X-Gitlab-Event", "System Hook"}, {"X-Gitlab-Token", "s"}}, gitlab, "gitlab.com/acme/fleet refs/tags/v1;"},
      {"a whole GitLab's, of something else", {{"X-Gitlab-Event", "System Hook"}, {"X-Gitlab-Token", "s"}},
       R"({"event_name":"project_create","path_with_namespace":"acme/fleet"})", ""},
      {"GitLab with another token", {{"X-Gitlab-Event", "Push Hook"}, {"X-Gitlab-Token", "t"}}, gitlab, forbidden},
      {"Bitbucket", {{"X-Event-Key", "repo:push"}, {"X-Hook-UUID", "{u}"}}, cloud,
       "bitbucket.org/acme/fleet refs/heads/main default;bitbucket.org/acme/fleet refs/tags/v2;"},
      {"Bitbucket Server", {{"X-Event-Key", "repo:refs_changed"}, {"X-Hub-Signature", "sha256=" + signature(server)}}, server,
       "bitbucket.example.com/acme/fleet refs/heads/main default;"},
      {"Bitbucket Server without a signature", {{"X-Event-Key", "repo:refs_changed"}}, server, forbidden},
      {"Bitbucket Server that pretends to be the cloud", {{"X-Event-Key", "repo:refs_changed"}, {"X-Hook-UUID", "{u}"}}, server, ""},
      {"Bitbucket Server's test, which it does not sign", {{"X-Event-Key", "diagnostics:ping"}}, R"({"test":true})", ""},
      {"Bitbucket with another UUID", {{"X-Event-Key", "repo:push"}, {"X-Hook-UUID", "{v}"}}, cloud, forbidden},
      {"Azure DevOps", {{"X-Vss-ActivityId", "1"}, {"Authorization", "Basic " + to_base64("u:p")}}, azure,
       "dev.azure.com/acme/shop/_git/fleet refs/heads/main default;dev.azure.com/acme/shop/_git/fleet refs/heads/next;"},
      {"Azure DevOps as somebody else", {{"X-Vss-ActivityId", "1"}, {"Authorization", "Basic " + to_base64("u:q")}}, azure, forbidden},
      {"Azure DevOps, of something else",
       {{"X-Vss-ActivityId", "1"}, {"Authorization", "Basic " + to_base64("u:p")}}, R"({"eventType":"build.complete"})", ""},
      {"nobody", {}, github, wrong},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    EXPECT_EQ(text_of(read(each.headers, each.body, secrets)), each.want);
  }
  EXPECT_EQ(text_of(read({{"X-GitHub-Event", "push"}}, github, {})), "github.com/acme/fleet refs/heads/main default apps/a.yaml,b.yaml;");
  EXPECT_EQ(text_of(read({{"X-GitHub-Event", "push"}}, "{", {})), std::string(row_of(Code::json_syntax).name));
}

TEST(Webhook, OneRepositoryHasManyAddresses) {
  for (const char* url : {"https://github.com/acme/fleet", "https://user@GitHub.com:443/Acme/fleet.git/", "git@github.com:acme/fleet.git",
                          "ssh://git@github.com:22/acme/fleet", "ssh://git@ssh.github.com:443/acme/fleet.git",
                          "git@altssh.github.com:acme/fleet.git"}) {
    EXPECT_EQ(repository_key(url), "github.com/acme/fleet") << url;
  }
  EXPECT_EQ(repository_key("fleet"), "");
}

TEST(Webhook, KnowsTheFilesOnlyWhereAllAreListed) {
  std::string files = R"("0")";
  for (int i = 1; i < 3000; ++i) files += fmt::format(R"(,"{}")", i);
  const auto body = fmt::format(R"({{"ref":"refs/heads/main","repository":{{"html_url":"https://github.com/acme/fleet"}},"commits":[{{"added":[{}]}}]}})", files);
  const auto notices = read({{"X-GitHub-Event", "push"}}, body, {}).value();
  EXPECT_FALSE(std::get<PushNotice>(notices.front()).files_known);
}

TEST(Webhook, TakesNoMoreThanItsSenderMayCost) {
  const http::Headers headers{{"X-GitHub-Event", "push"}};
  std::string many = "[0";
  for (int i = 0; i < 600'000; ++i) many += ",0";
  EXPECT_EQ(read(headers, many + "]", {}).error().code(), Code::limit);
  EXPECT_EQ(read(headers, std::string(100, '[') + std::string(100, ']'), {}).error().code(), Code::limit);
  EXPECT_EQ(read(headers, "[" + std::string(std::size_t{9} << 20, ' ') + "]", {}).error().code(), Code::limit);
  EXPECT_LE(webhook_routes({}).front().body_bytes_max, std::size_t{8} << 20);
}

}  // namespace
}  // namespace holdfast::agent
