// SPDX-License-Identifier: Apache-2.0
#include "access/github_app.h"

#include "base/ascii.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/jwt.h"
#include "http/url.h"
#include "value/json.h"

namespace holdfast::access {
namespace {

using std::chrono::seconds;

constexpr std::string_view github_api = "https://api.github.com";
constexpr auto patience = seconds(15);  // Argo CD's for a request
constexpr std::size_t answer_bytes_max = std::size_t{8} << 20;
constexpr std::size_t token_bytes_max = 4096;
constexpr int pages_max = 100;  // of 100 installations

Error no_token(const GithubApp& app, Code code) { return Error(code, fmt::format("the GitHub App {} gets no token", app.id)); }

// What GitHub checks: begun a little ago, because clocks differ, and ended soon.
Result<Secret> key_shown(const GithubApp& app, WallTime now) {
  const auto since = std::chrono::floor<seconds>(now - seconds(30)).time_since_epoch().count();
  const Value claims = Object{{"exp", since + 120}, {"iat", since}, {"iss", app.id}};
  auto jwt = crypto::make_jwt(R"({"alg":"RS256","typ":"JWT"})", json::write(claims), app.private_key);
  if (jwt) return jwt;
  return failure(no_token(app, Code::forbidden).because(jwt.error().message()).fix("check githubAppPrivateKey of the repository's Secret"));
}

// The server's refusal; `missing` says what is not there, and `place` where that stands in the Secret.
Result<> judge(const GithubApp& app, const http::Response& response, std::string_view missing, std::string_view place) {
  const int status = response.status;
  if (response.ok()) return {};
  if (status == 401) {
    return failure(no_token(app, Code::forbidden)
                       .because("the server does not know the App or its key (HTTP 401)")
                       .fix("check githubAppID and githubAppPrivateKey of the repository's Secret, and this machine's clock"));
  }
  if (status == 404) {
    return failure(no_token(app, Code::forbidden)
                       .because(fmt::format("{} (HTTP 404)", missing))
                       .fix(fmt::format("check {} of the repository's Secret", place)));
  }
  if (status == 403) return failure(no_token(app, Code::forbidden).because("the server refuses it (HTTP 403)"));
  if (status >= 300 && status < 400) {
    return failure(no_token(app, Code::git_unreachable).because("the server redirects, which is not followed"));
  }
  return failure(no_token(app, Code::git_unreachable).because(fmt::format("the server answers HTTP {}", status)));
}

Result<http::Response> receive(const http::Request& request, const Counter& counter) {
  const auto incoming = TRY(counter.transport.open(request, counter.stop));
  http::Response response = incoming->head();
  response.body = TRY(incoming->rest(counter.stop, answer_bytes_max));
  return response;
}

struct Question {
  std::string method, path;
  std::string_view missing, place;
};

// The answer of an API to who shows the App's key, with its body read.
Result<http::Response> ask(const GithubApp& app, const Question& question, const Counter& counter) {
  http::Request request{.method = question.method, .url = app.api + question.path, .timeout = patience, .whole = patience};
  const Secret key = TRY(key_shown(app, counter.now));
  request.headers.push_back({"Authorization", "Bearer " + key.reveal()});
  request.headers.push_back({"Accept", "application/vnd.github+json"});
  auto response = receive(request, counter);
  if (!response) {
    const auto code = response.error().code() == Code::stopped ? Code::stopped : Code::git_unreachable;
    return failure(no_token(app, code).at(printable(http::shown_url(request.url))).because(response.error().message()));
  }
  const auto judged = judge(app, *response, question.missing, question.place);
  if (!judged) return failure(Error(judged.error()).at(printable(http::shown_url(request.url))));
  return response;
}

Result<Value> read(const GithubApp& app, const http::Response& response) {
  auto answer = json::parse(response.body, "answer", {.depth = 32, .bytes = answer_bytes_max, .nodes = 500'000});
  if (answer) return answer;
  return failure(no_token(app, Code::git_unreachable).because("the server's answer is no JSON"));
}

std::optional<std::int64_t> installation_in(const Value& page, const std::string& owner) {
  if (page.as_array() == nullptr) return std::nullopt;
  for (const auto& each : *page.as_array()) {
    const Value* id = each.find("id");
    if (id != nullptr && id->as_int() != nullptr && ascii_lower(each.text({"account", "login"})) == owner) return *id->as_int();
  }
  return std::nullopt;
}

// The App's installation for the owner of the repository.
Result<std::string> find_installation(const GithubApp& app, const Counter& counter) {
  const std::string owner = ascii_lower(app.owner);
  bool more = !owner.empty();
  for (int page = 1; more && page <= pages_max; ++page) {
    const Question question{"GET", fmt::format("/app/installations?per_page=100&page={}", page), "the server has no such API",
                            "githubAppEnterpriseBaseUrl"};
    const auto response = TRY(ask(app, question, counter));
    const auto listed = TRY(read(app, response));
    if (const auto found = installation_in(listed, owner)) return std::to_string(*found);
    more = response.header("link").find(R"(rel="next")") != std::string_view::npos;
  }
  return failure(no_token(app, Code::forbidden)
                     .because(fmt::format("it has no installation for \"{}\", the repository's owner", printable(app.owner)))
                     .fix("install the App there, or name the installation: githubAppInstallationID of the repository's Secret"));
}

// Nothing that a header or another host could be hidden in.
Result<> check_api(const GithubApp& app) {
  const auto parsed = http::parse_url(app.api);
  if (parsed && app.api.find_first_of("?#\\ ") == std::string::npos) return {};
  return failure(no_token(app, Code::git_unreachable)
                     .because("githubAppEnterpriseBaseUrl of the repository's Secret is no URL of an API")
                     .fix("write it as https://host/api/v3"));
}

}  // namespace

std::string owner_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto parts = split(url.substr(scheme + 3), '/');
  return parts.size() > 2 && !parts[2].empty() ? std::string(parts[1]) : std::string();
}

std::string api_of(std::string_view enterprise_base_url) {
  std::string_view api = enterprise_base_url.empty() ? github_api : enterprise_base_url;
  while (api.ends_with('/')) api.remove_suffix(1);
  return std::string(api);
}

std::string holder_of(const GithubApp& app) {
  const auto& tls = app.way.tls;
  return crypto::sha256_of({app.id, app.installation, app.installation.empty() ? ascii_lower(app.owner) : "", app.api, app.private_key.reveal(),
                            tls.ca_pem, tls.client_certificate_pem.reveal(), tls.client_key_pem.reveal(), app.way.proxy, app.way.no_proxy,
                            tls.verify == http::Verify::peer ? "peer" : "nothing"})
      .hex();
}

Result<Granted> ask_github(const GithubApp& app, const Counter& counter) {
  TRY(check_api(app));
  std::string installation = app.installation;
  if (installation.empty()) installation = TRY(find_installation(app, counter));
  const Question question{"POST", fmt::format("/app/installations/{}/access_tokens", installation), "the App has no such installation",
                          "githubAppInstallationID"};
  const auto response = TRY(ask(app, question, counter));
  const auto answer = TRY(read(app, response));
  const auto token = answer.text({"token"});
  const auto until = parse_rfc3339(answer.text({"expires_at"}));
  if (token.empty() || token.size() > token_bytes_max || !until) {
    return failure(no_token(app, Code::git_unreachable).because("the server's answer has no token, or not its end"));
  }
  return Granted{Secret(std::string(token)), *until};
}

}  // namespace holdfast::access
