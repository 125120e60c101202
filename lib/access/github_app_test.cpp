// SPDX-License-Identifier: Apache-2.0
// GitHub is a scripted peer on loopback; the repository is stock git's, behind a server that wants the token.
#include "access/github_app.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>

#include "access/repositories.h"
#include "base/text.h"
#include "crypto/certify.h"
#include "fakes/loopback.h"
#include "fakes/stock_git.h"
#include "fakes/temporary_folder.h"
#include "git/mirrors.h"
#include "value/json.h"

namespace holdfast::access {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;
using std::chrono::minutes;
using std::chrono::seconds;

const std::string& app_key() {
  static const std::string key = crypto::make_pem_key(crypto::PemKey::rsa2048).value();
  return key;
}

// Who the token that GitHub was shown says he is.
std::string issuer_of(const fakes::Received& request) {
  const auto found = request.headers.find("authorization");
  if (found == request.headers.end() || !found->second.starts_with("Bearer ")) return "nobody";
  std::string claims(split(found->second, '.').at(1));
  while (claims.size() % 4 != 0) claims += '=';
  return std::string(json::parse(from_base64(claims).value_or(""), "claims").value_or(Value()).text({"iss"}));
}

class Github : public testing::Test {
 protected:
  void SetUp() override {
    api = fakes::Loopback::answering([this](const fakes::Received& request, fakes::Connection& connection) {
      asked.push_back(fmt::format("{} {} by {}", request.method, request.target, issuer_of(request)));
      if (status != 200) {
        connection.answer(status, "it was ghs_" + issuer_of(request), fmt::format("Location: {}\r\n", api->url("/elsewhere")));
      } else if (request.target.ends_with("&page=1")) {
        connection.answer(200, R"([{"id": 3, "account": {"login": "other"}}, {"id": "x"}])", "Link: <https://x/?page=2>; rel=\"next\"\r\n");
      } else if (request.target.ends_with("&page=2")) {
        connection.answer(200, R"([{"id": 7, "account": {"login": "Team"}}])");
      } else {
        token = fmt::format("ghs_{}", ++granted);
        connection.answer(201, fmt::format(R"({{"token": "{}", "expires_at": "{}"}})", token, format_rfc3339(clock.wall() + minutes(60))));
      }
    });
  }

  Repositories repositories(const Fields& more) {
    Fields fields{{"url", "http://127.0.0.1"}, {"githubAppID", "12"}, {"githubAppPrivateKey", app_key()},
                  {"githubAppEnterpriseBaseUrl", api->url("/")}};
    fields.insert(fields.end(), more.begin(), more.end());
    Value secret;
    secret["metadata"]["labels"]["argocd.argoproj.io/secret-type"] = "repo-creds";
    for (const auto& [name, text] : fields) secret["data"][name] = to_base64(text);
    RepositoryObjects objects;
    objects.secrets.push_back(std::make_shared<const Value>(std::move(secret)));
    objects.tokens = tokens;
    return Repositories(objects);
  }

  // The token for a repository, or why there is none.
  std::string ask(const Fields& more, std::string_view url = "http://127.0.0.1/team/app.git") {
    const auto remote = repositories(more).git_remote(url, "default");
    EXPECT_EQ(remote.username, "x-access-token");
    const auto password = remote.lease.password({});
    return password ? password->reveal() : password.error().message() + " / " + std::string(password.error().fix_line());
  }

  ManualClock clock;
  int status = 200, granted = 0;
  std::string token;
  std::vector<std::string> asked;
  std::unique_ptr<fakes::Loopback> api;
  std::shared_ptr<Tokens> tokens = std::make_shared<Tokens>(clock);
};

TEST_F(Github, ATokenIsAskedForOnceUntilShortlyBeforeItsEnd) {
  const std::vector<std::string> once{"POST /app/installations/7/access_tokens by 12"};
  EXPECT_EQ(ask({{"githubAppInstallationID", "7"}}), "ghs_1");
  EXPECT_EQ(ask({{"githubAppInstallationID", "7"}}, "http://127.0.0.1/other/app.git"), "ghs_1");
  EXPECT_EQ(asked, once);
  clock.advance(minutes(58));
  EXPECT_EQ(ask({{"githubAppInstallationID", "7"}}), "ghs_1");
  clock.advance(minutes(1));
  EXPECT_EQ(ask({{"githubAppInstallationID", "7"}}), "ghs_2");
  EXPECT_EQ(ask({{"githubAppInstallationID", "8"}}), "ghs_3");
  EXPECT_EQ(asked.size(), 3U);
}

TEST_F(Github, TheInstallationIsFoundByTheOwnerOfTheRepository) {
  EXPECT_EQ(ask({}), "ghs_1");
  EXPECT_EQ(ask({{"githubAppInstallationID", "0"}}, "http://127.0.0.1/TEAM/other"), "ghs_1");
  const std::vector<std::string> both{"GET /app/installations?per_page=100&page=1 by 12", "GET /app/installations?per_page=100&page=2 by 12",
                                      "POST /app/installations/7/access_tokens by 12"};
  EXPECT_EQ(asked, both);
  EXPECT_EQ(ask({}, "http://127.0.0.1/nobody/app"),
            "the GitHub App 12 gets no token: it has no installation for \"nobody\", the repository's owner / "
            "install the App there, or name the installation: githubAppInstallationID of the repository's Secret");
  EXPECT_EQ(owner_of("https://github.com/team/app.git"), "team");
  EXPECT_EQ(owner_of("https://github.com/team/"), "");
  EXPECT_EQ(owner_of("https://github.com/team"), "");
  EXPECT_EQ(api_of(""), "https://api.github.com");
}

TEST_F(Github, ARefusalSaysWhatToDoAndStandsForSomeSeconds) {
  struct Case {
    int status;
    std::string_view because, fix;
  };

  const auto place = api->url("/app/installations/7/access_tokens");
  const auto* again = "check the repository's URL and that the agent may reach it";
  for (const auto& [answer, because, fix] : std::to_array<Case>({
           {401, "the server does not know the App or its key (HTTP 401)",
            "check githubAppID and githubAppPrivateKey of the repository's Secret, and this machine's clock"},
           {404, "the App has no such installation (HTTP 404)", "check githubAppInstallationID of the repository's Secret"},
           {302, "the server redirects, which is not followed", again},
           {503, "the server answers HTTP 503", again},
       })) {
    asked.clear();
    status = answer;
    const auto want = fmt::format("the GitHub App 12 gets no token ({}): {} / {}", place, because, fix);
    EXPECT_EQ(ask({{"githubAppInstallationID", "7"}}), want);
    status = 200;
    EXPECT_EQ(ask({{"githubAppInstallationID", "7"}}), want);
    EXPECT_EQ(asked.size(), 1U);
    clock.advance(seconds(15));
  }
  EXPECT_EQ(ask({{"githubAppInstallationID", "7"}}), "ghs_1");
}

TEST_F(Github, WhatIsNoKeyOrNoUrlReachesNoServer) {
  const auto refused = [&](const Fields& more) { return ask(more).substr(0, ask(more).find(" / ")); };
  EXPECT_TRUE(refused({{"githubAppPrivateKey", "hunter2"}}).starts_with("the GitHub App 12 gets no token: the private key is none in PEM"));
  for (const std::string url : {"ftp://h/", "https://ann:pw@h/", "https://h/api?x=", "https://h/\r\nx: y", "h"}) {
    EXPECT_EQ(refused({{"githubAppEnterpriseBaseUrl", url}}),
              "the GitHub App 12 gets no token: githubAppEnterpriseBaseUrl of the repository's Secret is no URL of an API");
  }
  std::stop_source stopping;
  stopping.request_stop();
  EXPECT_EQ(repositories({}).git_remote("http://127.0.0.1/team/app", "").lease.password(stopping.get_token()).error().code(), Code::stopped);
  EXPECT_TRUE(asked.empty());
}

TEST_F(Github, TheTokenOpensTheRepositoryAndOnlyToItsApp) {
  if (!stock::has_git()) GTEST_SKIP() << "there is no git on this machine";
  const TemporaryFolder served{"served"}, work{"work"}, state{"state"};
  std::filesystem::create_directories(served.path("team/app.git"));
  stock::git(served.path("team/app.git"), {"init", "-q", "--bare", "-b", "main", "."});
  stock::git(work.path(), {"init", "-q", "-b", "main", "."});
  stock::write_file(work.path("x.yaml"), "x: 1");
  stock::git(work.path(), {"add", "-A"});
  stock::git(work.path(), {"commit", "-q", "-m", "first"});
  stock::git(work.path(), {"push", "-q", served.path("team/app.git"), "HEAD:main"});
  stock::BackendTransport backend(served.path(), stock::Speaks::v2);
  const auto server = fakes::Loopback::answering([&](const fakes::Received& request, fakes::Connection& connection) {
    const auto given = request.headers.find("authorization");
    if (given == request.headers.end() || given->second != "Basic " + to_base64("x-access-token:" + token)) {
      connection.answer(401, "");
      return;
    }
    http::Request passed{.method = request.method, .url = "http://git" + request.target, .body = request.body};
    for (const auto& [name, value] : request.headers) passed.headers.push_back({name, value});
    const auto answer = backend.send(passed).value();
    connection.answer(answer.status, answer.body, fmt::format("Content-Type: {}\r\n", answer.header("content-type")));
  });
  const auto url = server->url("/team/app.git");
  const auto mirrors = git::Mirrors::open({.directory = state.path("mirrors"), .local = {}, .limits = {}, .make_transport = {}}, clock).value();
  const auto read = [&](const git::Remote& remote) {
    const auto commit = mirrors->resolve(remote, {}, {});
    if (!commit) return commit.error().message();
    const auto tree = mirrors->tree(remote, *commit, {});
    return tree ? (*tree)->read("x.yaml").value() : tree.error().message();
  };
  const auto remote = repositories({}).git_remote(url, "default");
  EXPECT_EQ(read(remote), "x: 1");
  clock.advance(minutes(60));
  EXPECT_EQ(read(remote), "x: 1") << "with the next token";
  EXPECT_EQ(granted, 2);

  status = 401;
  const auto stranger = repositories({{"githubAppID", "13"}}).git_remote(url, "default");
  EXPECT_TRUE(read(stranger).starts_with("the GitHub App 13 gets no token")) << read(stranger);
  auto here = remote;
  here.reach = Reach::here;
  const auto commit = git::CommitId::parse(stock::git(work.path(), {"rev-parse", "HEAD"}));
  EXPECT_TRUE(mirrors->tree(here, *commit, {}));
  EXPECT_FALSE(mirrors->tree(stranger, *commit, {}));
  clock.advance(minutes(60));
  EXPECT_TRUE(read(remote).starts_with("the GitHub App 12 gets no token")) << read(remote);
  EXPECT_EQ(mirrors->tree(here, *commit, {}).error().code(), Code::answer_awaited) << "whoever is refused is let in no more";
}

}  // namespace
}  // namespace holdfast::access
