// SPDX-License-Identifier: Apache-2.0
// A GitHub App as the Secret of a repository names it, and the token that GitHub, or a GitHub Enterprise server,
// gives out for it. It does not know how long a token is kept.
// Mirrors argoproj/argo-cd 3.6 util/git/creds.go: GitHubAppCreds, DiscoverGitHubAppInstallationID, and
// bradleyfalzon/ghinstallation 2.19.
#pragma once

#include <string>
#include <string_view>

#include "access/tokens.h"
#include "base/secret.h"
#include "http/transport.h"

namespace holdfast::access {

struct GithubApp {
  std::string id;            // digits
  std::string installation;  // digits; "" is the one of the repository's owner
  std::string owner;
  std::string api;  // "https://api.github.com", "https://ghe.example.com/api/v3"
  Secret private_key;
  http::Options way;  // the repository's own
};

// The owner in "https://host/owner/repository"; "" where a URL has none.
std::string owner_of(std::string_view url);

// The API of GitHub itself, or what the Secret says instead.
std::string api_of(std::string_view enterprise_base_url);

// Who asks: one name for one token.
std::string holder_of(const GithubApp& app);

// Refuses with Code::forbidden when the server does not know the App, its key or its installation, else with
// Code::git_unreachable or stopped. Nothing that the server says is in it: it may echo what it was sent.
Result<Granted> ask_github(const GithubApp& app, const Counter& counter);

}  // namespace holdfast::access
