// SPDX-License-Identifier: Apache-2.0
#include "access/repositories.h"

#include <algorithm>

#include "access/github_app.h"
#include "access/host.h"
#include "base/text.h"

namespace holdfast::access {
namespace {

constexpr std::string_view type_label = "argocd.argoproj.io/secret-type";
// What Git servers take for a user when only a token is given.
constexpr std::string_view token_user = "x-access-token";

constexpr std::string_view unspoken_fields[] = {"gcpServiceAccountKey", "useAzureWorkloadIdentity", "azureServicePrincipalClientSecret"};

std::string field(const Value& secret, std::string_view name) {
  return from_base64(secret.text({"data", name})).value_or(std::string());
}

// A number as upstream has it, where 0 is none.
std::string number(const Value& secret, std::string_view name) {
  const auto text = field(secret, name);
  return text == "0" ? std::string() : text;
}

bool is_number(std::string_view text) {
  return !text.empty() && text.size() < 20 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Go's strconv.ParseBool.
bool is_true(const std::string& text) {
  return text == "1" || text == "t" || text == "T" || text == "true" || text == "TRUE" || text == "True";
}

std::string_view without_scheme(std::string_view url) {
  if (url.starts_with("oci://")) url.remove_prefix(std::string_view("oci://").size());
  return url;
}

// A prefix that ends in the middle of a host's name is the beginning of other people's hosts as well. One
// that names no host is meant for all.
bool is_prefix(std::string_view prefix, std::string_view url) {
  const auto host = host_of(prefix);
  return url.starts_with(prefix) && (host.empty() || host == host_of(url));
}

bool is_artifact(const sync::Source& source) { return source.repo_url.starts_with("oci://"); }

}  // namespace

bool is_git(const sync::Source& source) { return source.chart.empty() && !is_artifact(source); }

const std::string& chart_of(const sync::Source& source) {
  static const std::string none;
  return is_artifact(source) ? none : source.chart;
}

bool Repositories::Known::has_credentials() const {
  return !username.empty() || !password.empty() || !bearer_token.empty() || !ssh_private_key.empty() ||
         !client_certificate.empty() || !app_key.empty() || !unspoken.empty();
}

bool Repositories::Known::is_app() const {
  return !app_key.empty() && password.empty() && bearer_token.empty() && ssh_private_key.empty();
}

Repositories::Known Repositories::decode(const Value& secret) {
  Known known;
  known.is_template = secret.text({"metadata", "labels", type_label}) == "repo-creds";
  known.url = std::string(trim(field(secret, "url")));
  known.normalized = sync::normalize_repository(known.url);
  known.name = field(secret, "name");
  known.project = field(secret, "project");
  known.type = field(secret, "type");
  known.username = field(secret, "username");
  for (const std::string_view name : unspoken_fields) {
    const auto text = field(secret, name);
    const bool given = name.starts_with("use") ? is_true(text) : !text.empty();
    if (known.unspoken.empty() && given) known.unspoken = name;
  }
  known.password = Secret(field(secret, "password"));
  known.bearer_token = Secret(field(secret, "bearerToken"));
  known.ssh_private_key = Secret(field(secret, "sshPrivateKey"));
  known.app_id = number(secret, "githubAppID");
  known.app_installation = number(secret, "githubAppInstallationID");
  known.app_key = Secret(field(secret, "githubAppPrivateKey"));
  known.app_api = field(secret, "githubAppEnterpriseBaseUrl");
  known.client_certificate = Secret(field(secret, "tlsClientCertData"));
  known.client_key = Secret(field(secret, "tlsClientCertKey"));
  known.proxy = field(secret, "proxy");
  known.no_proxy = field(secret, "noProxy");
  known.insecure = is_true(field(secret, "insecure")) || is_true(field(secret, "insecureIgnoreHostKey"));
  known.oci = is_true(field(secret, "enableOCI")) || known.type == "oci";
  known.plain_http = is_true(field(secret, "insecureOCIForceHttp"));
  return known;
}

Repositories::Repositories(const RepositoryObjects& objects) : tokens_(objects.tokens) {
  for (const auto& secret : objects.secrets) known_.push_back(decode(*secret));
  const Value* certificates = objects.tls_certificates ? objects.tls_certificates->find("data") : nullptr;
  if (certificates != nullptr && certificates->as_object() != nullptr) {
    for (const auto& [host, pem] : *certificates->as_object()) {
      if (pem.is_string()) authorities_[host] = *pem.as_string();
    }
  }
  if (objects.known_hosts) known_hosts_ = objects.known_hosts->text({"data", "ssh_known_hosts"});
}

const Repositories::Known* Repositories::find_repository(std::string_view url, std::string_view project) const {
  const auto asked = sync::normalize_repository(url);
  const Known* found = nullptr;
  for (const auto& known : known_) {
    if (known.is_template || known.normalized != asked) continue;
    if (known.project == project) return &known;
    if (known.project.empty()) found = &known;
  }
  return found;
}

const Repositories::Known* Repositories::find_template(std::string_view url) const {
  const auto asked = sync::normalize_repository(url);
  const Known* longest = nullptr;
  for (const auto& known : known_) {
    if (!known.is_template || known.normalized.empty() || !is_prefix(known.normalized, asked)) continue;
    if (longest == nullptr || known.normalized.size() > longest->normalized.size()) longest = &known;
  }
  return longest;
}

void Repositories::take_credentials(Known& into, const Known& from) {
  into.username = from.username;
  into.unspoken = from.unspoken;
  into.password = from.password;
  into.bearer_token = from.bearer_token;
  into.ssh_private_key = from.ssh_private_key;
  into.app_key = from.app_key;
  if (into.app_id.empty()) into.app_id = from.app_id;
  if (into.app_installation.empty()) into.app_installation = from.app_installation;
  if (into.app_api.empty()) into.app_api = from.app_api;
  into.client_certificate = from.client_certificate;
  into.client_key = from.client_key;
  into.oci = into.oci || from.oci;
  into.plain_http = into.plain_http || from.plain_http;
  if (into.proxy.empty()) into.proxy = from.proxy;
  if (into.no_proxy.empty()) into.no_proxy = from.no_proxy;
}

Repositories::Known Repositories::settle(std::string_view url, std::string_view project) const {
  const Known* repository = find_repository(url, project);
  Known known = repository == nullptr ? Known() : *repository;
  known.url = url;
  if (known.has_credentials()) return known;
  if (const Known* found = find_template(url)) take_credentials(known, *found);
  return known;
}

std::string Repositories::authorities_of(std::string_view url) const {
  const auto found = authorities_.find(host_of(url));
  return found == authorities_.end() ? std::string() : found->second;
}

Repositories Repositories::permitted(const sync::Project* project) const {
  Repositories some = *this;
  std::erase_if(some.known_, [&](const Known& known) {
    sync::Source asked;
    asked.repo_url = known.url;
    return project == nullptr || !project->permits_source(asked);
  });
  return some;
}

Result<> Repositories::must_be_spoken(std::string_view url, std::string_view project) const {
  const Known known = settle(url, project);
  const auto shown = printable(url.substr(url.rfind('@') + 1));  // a URL may carry a password
  if (known.is_app()) {
    if (is_number(known.app_id) && (known.app_installation.empty() || is_number(known.app_installation))) return {};
    return failure(Error(Code::source_unsupported, fmt::format("the Secret of {} has 'githubAppPrivateKey', and 'githubAppID' or "
                                                               "'githubAppInstallationID' is no number",
                                                               shown))
                       .fix("give it the App's number as githubAppID; githubAppInstallationID may be left out"));
  }
  const bool opened = !known.password.empty() || !known.bearer_token.empty() || !known.ssh_private_key.empty();
  if (opened || known.unspoken.empty()) return {};
  return failure(Error(Code::source_unsupported,
                       fmt::format("the Secret of {} has '{}', and such credentials are not spoken here", shown, known.unspoken))
                     .fix("give it a username with a token as password, an sshPrivateKey, or a GitHub App"));
}

git::Lease Repositories::lease_of(const Known& known, std::string_view url) const {
  const auto app = std::make_shared<GithubApp>();
  app->id = known.app_id;
  app->installation = known.app_installation;
  app->owner = owner_of(url);
  app->api = api_of(known.app_api);
  app->private_key = known.app_key;
  app->way.tls.ca_pem = authorities_of(app->api);
  app->way.tls.client_certificate_pem = known.client_certificate;
  app->way.tls.client_key_pem = known.client_key;
  app->way.tls.verify = known.insecure ? http::Verify::nothing : http::Verify::peer;
  app->way.proxy = known.proxy;
  app->way.no_proxy = known.no_proxy;
  std::string holder = holder_of(*app);
  CHECK(tokens_ != nullptr);
  auto password = [tokens = tokens_, app, holder](const std::stop_token& stop) {
    return tokens->of(holder, app->way, [&](const Counter& counter) { return ask_github(*app, counter); }, stop);
  };
  return {std::move(holder), std::move(password)};
}

git::Remote Repositories::git_remote(std::string_view url, std::string_view project) const {
  Known known = settle(url, project);
  git::Remote remote;
  remote.url = url;
  remote.username = known.username;
  if (known.is_app()) remote.lease = lease_of(known, url);
  if (known.is_app() || (known.username.empty() && !known.password.empty())) remote.username = token_user;
  remote.password = std::move(known.password);
  remote.bearer_token = std::move(known.bearer_token);
  remote.ca_pem = authorities_of(url);
  remote.client_certificate_pem = std::move(known.client_certificate);
  remote.client_key_pem = std::move(known.client_key);
  remote.ssh_private_key = std::move(known.ssh_private_key);
  remote.ssh_known_hosts = known_hosts_;
  remote.verify = known.insecure ? git::Verify::nothing : git::Verify::peer;
  remote.proxy = known.proxy;
  remote.no_proxy = known.no_proxy;
  return remote;
}

charts::Repository Repositories::as_charts(Known known) const {
  charts::Repository repository;
  const bool registry = known.oci || charts::kind_of(known.url) == charts::Kind::registry;
  repository.kind = registry ? charts::Kind::registry : charts::Kind::index;
  repository.url = known.url;
  // A registry that is written as "https://host/path" is one all the same once its Secret says so.
  if (registry && repository.url.starts_with("https://")) repository.url.erase(0, std::string_view("https://").size());
  repository.username = known.username;
  repository.password = std::move(known.password);
  repository.ca_pem = authorities_of(known.url);
  repository.client_certificate_pem = std::move(known.client_certificate);
  repository.client_key_pem = std::move(known.client_key);
  repository.verify = known.insecure ? http::Verify::nothing : http::Verify::peer;
  repository.wire = known.plain_http ? charts::Wire::plain : charts::Wire::tls;
  repository.proxy = known.proxy;
  repository.no_proxy = known.no_proxy;
  return repository;
}

charts::Repository Repositories::chart_repository(std::string_view url, std::string_view project) const {
  return as_charts(settle(url, project));
}

charts::Repository Repositories::chart_repository(const sync::Source& source, std::string_view project) const {
  auto repository = chart_repository(source.repo_url, project);
  if (sync::flag_of(source.raw.find_path({"helm", "passCredentials"}))) repository.audience = charts::Audience::everyone;
  return repository;
}

std::optional<charts::Repository> Repositories::dependency_repository(std::string_view given,
                                                                      std::string_view project) const {
  for (const std::string_view prefix : {"@", "alias:"}) {
    if (!given.starts_with(prefix)) continue;
    const auto name = given.substr(prefix.size());
    const auto found = std::ranges::find_if(known_, [&](const Known& known) {
      return !known.is_template && known.name == name && (known.project.empty() || known.project == project);
    });
    if (found == known_.end()) return std::nullopt;
    return as_charts(settle(found->url, project));
  }
  // Secrets name registries without their scheme.
  const bool registry = given.starts_with("oci://");
  Known known = settle(given, project);
  if (registry && !known.has_credentials()) {
    const auto plain = without_scheme(given);
    known = settle(plain, project);
    // As upstream: of one host, whichever address is the beginning of the other.
    const auto kin = std::ranges::find_if(known_, [&](const Known& each) {
      const auto theirs = without_scheme(each.url);
      const bool open_to_us = each.project.empty() || each.project == project;
      return !each.is_template && each.oci && open_to_us && host_of(plain) == host_of(theirs) &&
             (plain.starts_with(theirs) || theirs.starts_with(plain));
    });
    if (!known.has_credentials() && kin != known_.end()) take_credentials(known, *kin);
  }
  known.oci = known.oci || registry;
  return as_charts(std::move(known));
}

}  // namespace holdfast::access
