// SPDX-License-Identifier: Apache-2.0
#include "agent/web/registry_webhook.h"

#include "agent/web/webhook.h"
#include "base/text.h"
#include "crypto/primitives.h"

#include <gtest/gtest.h>

namespace holdfast::agent {
namespace {

constexpr const char* github = R"({"action":"published","package":{"name":"charts/Web","package_type":"CONTAINER","owner":{"login":"Acme"},
  "package_version":{"container_metadata":{"tag":{"name":"1.2.0"}}}}})";
constexpr const char* npm = R"({"action":"published","package":{"name":"web","package_type":"npm","owner":{"login":"acme"}}})";
constexpr const char* untagged = R"({"action":"published","package":{"name":"web","package_type":"container","owner":{"login":"acme"},
  "package_version":{"container_metadata":{"tag":{"name":""}}}}})";
constexpr const char* harbor = R"({"type":"PUSH_ARTIFACT","event_data":{"resources":[{"digest":"sha256:0","resource_url":"h.example.com/x@sha256:0"},
  {"tag":"1.2.0","resource_url":"h.example.com:8443/shop/web:1.2.0"}],"repository":{"name":"web","namespace":"shop","repo_full_name":"shop/web"}}})";
constexpr const char* nameless = R"({"type":"PUSH_ARTIFACT","event_data":{"resources":[{"tag":"1","resource_url":"https://h.example.com/shop/web"},
  {"tag":"2","resource_url":"h.example.com"}],"repository":{"name":"web","namespace":"shop"}}})";
constexpr const char* pulled = R"({"type":"PULL_ARTIFACT","event_data":{"resources":[{"tag":"1","resource_url":"h/shop/web:1"}]}})";
constexpr const char* docker = R"({"repository":{"name":"web","namespace":"acme","repo_name":"acme/web"},"push_data":{"tag":"1.2.0"}})";
constexpr const char* official = R"({"repository":{"name":"nginx"},"push_data":{"tag":"latest"}})";

std::string text_of(const Result<std::vector<Notice>>& notices) {
  if (!notices) return std::string(row_of(notices.error().code()).name);
  std::string text;
  for (const auto& notice : *notices) {
    const auto& each = std::get<ArtifactNotice>(notice);
    text += each.repository + " " + each.tag + ";";
  }
  return text;
}

TEST(RegistryWebhook, SaysWhichArtifactWasPushedAndBelievesOnlyWhoKnowsTheSecret) {
  const Secrets secrets{{"webhook.github.secret", "s"}, {"webhook.harbor.secret", "h"}, {"webhook.dockerhub.secret", "d d/"}};
  const auto signature = [](const char* body) { return "sha256=" + to_hex(crypto::hmac_sha256("s", body)); };
  const std::string forbidden(row_of(Code::forbidden).name), wrong(row_of(Code::wrong_type).name);
  struct Case {
    const char* sentence;
    http::Headers headers;
    const char* query;
    const char* body;
    std::string want;
  };
  const Case cases[] = {
      {"GitHub's registry", {{"X-GitHub-Event", "package"}, {"X-Hub-Signature-256", signature(github)}}, "", github, "ghcr.io/acme/charts/web 1.2.0;"},
      {"GitHub's registry with another secret", {{"X-GitHub-Event", "package"}, {"X-Hub-Signature-256", "sha256=00"}}, "", github, forbidden},
      {"another of GitHub's registries", {{"X-GitHub-Event", "package"}, {"X-Hub-Signature-256", signature(npm)}}, "", npm, ""},
      {"an artifact without a tag", {{"X-GitHub-Event", "package"}, {"X-Hub-Signature-256", signature(untagged)}}, "", untagged, ""},
      {"a package of Gitea, which names itself GitHub", {{"X-GitHub-Event", "package"}, {"X-Gitea-Event", "package"}}, "", github, ""},
      {"Harbor", {{"Authorization", "h"}}, "", harbor, "h.example.com:8443/shop/web 1.2.0;"},
      {"Harbor, which names the repository in two", {{"Authorization", "h"}}, "", nameless, "h.example.com/shop/web 1;"},
      {"Harbor, and nothing was pushed", {{"Authorization", "h"}}, "", pulled, ""},
      {"Harbor with another secret", {{"Authorization", "i"}}, "", harbor, wrong},
      {"Docker Hub", {}, "type=dockerhub&secret=d+d%2f", docker, "docker.io/acme/web 1.2.0;"},
      {"Docker Hub through what adds a header", {{"Authorization", "d d/"}}, "type=dockerhub", official, "docker.io/library/nginx latest;"},
      {"Docker Hub with another secret", {}, "type=dockerhub&secret=d", docker, forbidden},
      {"Docker Hub without a secret", {}, "type=dockerhub", docker, forbidden},
      {"nobody", {}, "secret=d+d%2f", docker, wrong},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.sentence);
    EXPECT_EQ(text_of(read_webhook({each.headers, each.query, each.body, secrets})), each.want);
  }
  const Secrets none;
  EXPECT_EQ(text_of(read_webhook({{{"X-GitHub-Event", "package"}}, "", github, none})), "ghcr.io/acme/charts/web 1.2.0;");
  EXPECT_EQ(text_of(read_webhook({{{"Authorization", ""}}, "type=dockerhub&secret=", docker, none})), wrong) << "who has no secret is not there";
}

}  // namespace
}  // namespace holdfast::agent
