// SPDX-License-Identifier: Apache-2.0
// POST /api/webhook: what GitHub, GitLab, Gitea, Gogs, Bitbucket and Azure DevOps say of a push, and registries of an
// artifact, checked with the secret that argocd-secret holds for them. It does not know who follows a repository.
// Mirrors argoproj/argo-cd 3.6 util/webhook/webhook.go: affectedRevisionInfo, and the headers of the
// providers' own documentation.
#pragma once

#include "agent/web/delivery.h"
#include "agent/web/registry_webhook.h"
#include "agent/web/server.h"

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace holdfast::agent {

struct PushNotice {
  std::vector<std::string> urls;  // of the repository, for people and for Git
  std::string ref;                // "refs/heads/main", "refs/tags/v1"
  bool default_branch = false;    // the push moved what HEAD is
  bool files_known = false;       // `files` is all that changed
  std::vector<std::string> files;
};

// "github.com/acme/fleet": without scheme, user, port, ".git", letter case and the subdomain that is for SSH; "" when it
// is no URL.
std::string repository_key(std::string_view url);

using Notice = std::variant<PushNotice, ArtifactNotice>;

// Nothing when the event is none that moves a ref or a tag. A provider of Git without a secret is believed, as
// upstream does. Refuses with Code::forbidden (a wrong signature), Code::wrong_type (no such provider), or as
// Delivery::payload().
Result<std::vector<Notice>> read_webhook(const Delivery& delivery);

struct WebhookOptions {
  std::function<Result<Secrets>()> secret;  // the decoded data of argocd-secret, asked at each request
  std::function<void(const Notice&)> pushed;
};
std::vector<Route> webhook_routes(WebhookOptions options);

}  // namespace holdfast::agent
