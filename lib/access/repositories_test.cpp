// SPDX-License-Identifier: Apache-2.0
#include "access/repositories.h"

#include <gtest/gtest.h>

#include <array>

#include "base/text.h"

namespace holdfast::access {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

std::shared_ptr<const Value> secret(std::string_view type, const Fields& fields) {
  Value value;
  value["metadata"]["labels"]["argocd.argoproj.io/secret-type"] = type;
  for (const auto& [name, text] : fields) value["data"][name] = to_base64(text);
  return std::make_shared<const Value>(std::move(value));
}

std::shared_ptr<const Value> config(const Fields& fields) {
  Value value;
  for (const auto& [name, text] : fields) value["data"][name] = text;
  return std::make_shared<const Value>(std::move(value));
}

TEST(Repositories, TheSecretOfTheUrlCountsAndElseTheLongestTemplate) {
  const Repositories repositories({
      .secrets = {secret("repository", {{"url", "https://git.example.com/shop.git"}, {"username", "shop"}, {"password", "p1"}}),
                  secret("repository", {{"url", "https://git.example.com/shop"}, {"project", "pay"}, {"username", "pay"}, {"password", "p2"}}),
                  secret("repository", {{"url", "https://git.example.com/bare"}, {"insecure", "true"}}),
                  secret("repo-creds", {{"url", "https://git.example.com"}, {"username", "all"}, {"password", "p3"}}),
                  secret("repo-creds", {{"url", "https://git.example.com/team/"}, {"password", "t0ken"}}),
                  secret("repo-creds", {{"url", "https://token.example.com"}, {"bearerToken", "b"}})},
      .tls_certificates = nullptr,
      .known_hosts = nullptr,
  });

  struct Case {
    std::string_view url, project, want;
  };

  for (const auto& [url, project, want] : std::to_array<Case>({
           {"https://git.example.com/shop", "default", "shop p1  peer"},
           {"https://GIT.example.com/shop.git", "default", "shop p1  peer"},
           {"https://git.example.com/shop", "pay", "pay p2  peer"},
           {"https://git.example.com/bare", "default", "all p3  nothing"},
           {"https://git.example.com/other", "default", "all p3  peer"},
           {"https://git.example.com/team/web", "default", "x-access-token t0ken  peer"},
           {"https://token.example.com/x", "default", "  b peer"},
           {"https://elsewhere.example.com/x", "default", "   peer"},
       })) {
    const auto remote = repositories.git_remote(url, project);
    EXPECT_EQ(fmt::format("{} {} {} {}", remote.username, remote.password.reveal(), remote.bearer_token.reveal(),
                          remote.verify == git::Verify::peer ? "peer" : "nothing"),
              want)
        << url;
    EXPECT_EQ(remote.url, url);
  }
}

TEST(Repositories, CredentialsGoToNoHostThatOnlyBeginsAsTheirs) {
  const Repositories repositories({
      .secrets = {secret("repo-creds", {{"url", "https://git.example.com"}, {"username", "ann"}, {"password", "p"}}),
                  secret("repo-creds", {{"url", "ssh://git@ssh.example.com"}, {"sshPrivateKey", "key"}}),
                  secret("repo-creds", {{"url", "r.example.com"}, {"enableOCI", "true"}, {"username", "template"}}),
                  secret("repository", {{"url", "oci.example.com"}, {"type", "helm"}, {"enableOCI", "true"}, {"username", "own"}}),
                  secret("repository", {{"url", "blue.example.com/charts"}, {"type", "helm"}, {"enableOCI", "true"}, {"project", "blue"}, {"username", "blue"}}),
                  secret("repository", {{"url", ""}, {"type", "oci"}, {"username", "nobody"}})},
      .tls_certificates = nullptr,
      .known_hosts = nullptr,
  });
  const auto user = [&](std::string_view url) { return repositories.git_remote(url, "default").username; };
  EXPECT_EQ(user("https://git.example.com/x"), "ann");
  EXPECT_EQ(user("https://git.example.com:8443/x"), "ann");
  EXPECT_EQ(user("https://git.example.com.evil.org/x"), "");
  EXPECT_EQ(user("https://git.example.community/x"), "");
  EXPECT_EQ(user("https://git.example.com@evil.org/x"), "");
  EXPECT_EQ(user("https://git.example.com:x@evil.org/x"), "");
  EXPECT_EQ(repositories.git_remote("git@ssh.example.com:team/x.git", "default").ssh_private_key.reveal(), "key");
  EXPECT_TRUE(repositories.git_remote("git@ssh.example.com.evil.org:team/x.git", "default").ssh_private_key.empty());
  const auto dependency = [&](std::string_view url, std::string_view project) {
    return repositories.dependency_repository(url, project)->username;
  };
  EXPECT_EQ(dependency("oci://r.example.com/x", "default"), "template");
  EXPECT_EQ(dependency("oci://r.example.com.evil.org/x", "default"), "");
  EXPECT_EQ(dependency("oci://oci.example.com/deep", "default"), "own");
  EXPECT_EQ(dependency("oci://oci.example.com.evil.org/deep", "default"), "");
  EXPECT_EQ(dependency("oci://blue.example.com/charts/deep", "blue"), "blue");
  EXPECT_EQ(dependency("oci://blue.example.com/charts/deep", "default"), "");
  EXPECT_EQ(dependency("oci://elsewhere.example.com/x", "default"), "");
}

TEST(Repositories, AProjectLendsTheCredentialsOfItsSourcesAlone) {
  const Repositories all({
      .secrets = {secret("repository", {{"url", "https://charts.example.com"}, {"type", "helm"}, {"name", "main"}, {"username", "ann"}}),
                  secret("repo-creds", {{"url", "https://open.example.com"}, {"username", "bob"}})},
      .tls_certificates = config({{"charts.example.com", "PEM"}}),
      .known_hosts = nullptr,
  });
  sync::Project project;
  project.source_repos = {"https://open.example.com"};
  const auto some = all.permitted(&project);
  EXPECT_EQ(some.dependency_repository("https://charts.example.com", "default")->username, "");
  EXPECT_EQ(some.dependency_repository("https://charts.example.com", "default")->ca_pem, "PEM");
  EXPECT_FALSE(some.dependency_repository("@main", "default"));
  EXPECT_EQ(some.dependency_repository("https://open.example.com/x", "default")->username, "bob");
  const auto none = all.permitted(nullptr);
  EXPECT_EQ(none.dependency_repository("https://open.example.com/x", "default")->username, "");
}

TEST(Repositories, CredentialsThatAreNotSpokenAreNamed) {
  const Repositories repositories({
      .secrets = {secret("repository", {{"url", "https://github.example.com/team/app"}, {"githubAppID", "1"}, {"githubAppPrivateKey", "k"}}),
                  secret("repository", {{"url", "https://github.example.com/team/nameless"}, {"githubAppID", "0"}, {"githubAppPrivateKey", "k"}}),
                  secret("repository", {{"url", "https://github.example.com/team/word"}, {"githubAppID", "1/../2"}, {"githubAppPrivateKey", "k"}}),
                  secret("repository", {{"url", "https://github.example.com/team/both"}, {"githubAppPrivateKey", "k"}, {"password", "token"}}),
                  secret("repository", {{"url", "https://azure.example.com/team/plain"}, {"useAzureWorkloadIdentity", "false"}}),
                  secret("repository", {{"url", "https://azure.example.com/team/both"}, {"useAzureWorkloadIdentity", "true"}, {"password", "token"}}),
                  secret("repository", {{"url", "https://git.example.com/team/app"}}),
                  secret("repo-creds", {{"url", "https://git.example.com/team"}, {"useAzureWorkloadIdentity", "true"}})},
      .tls_certificates = nullptr,
      .known_hosts = nullptr,
  });

  struct Case {
    std::string_view url, want;
  };

  for (const auto& [url, want] : std::to_array<Case>({
           {"https://git.example.com/team/app.git",
            "the Secret of https://git.example.com/team/app.git has 'useAzureWorkloadIdentity', and such credentials are not spoken here"},
           {"https://github.example.com/team/nameless",
            "the Secret of https://github.example.com/team/nameless has 'githubAppPrivateKey', and 'githubAppID' or 'githubAppInstallationID' is no number"},
           {"https://github.example.com/team/word",
            "the Secret of https://github.example.com/team/word has 'githubAppPrivateKey', and 'githubAppID' or 'githubAppInstallationID' is no number"},
           {"https://github.example.com/team/app", ""},
           {"https://github.example.com/team/both", ""},
           {"https://azure.example.com/team/plain", ""},
           {"https://azure.example.com/team/both", ""},
           {"https://open.example.com/x", ""},
       })) {
    const auto spoken = repositories.must_be_spoken(url, "default");
    EXPECT_EQ(spoken ? "" : spoken.error().message(), want);
    EXPECT_TRUE(spoken || spoken.error().code() == Code::source_unsupported);
  }
}

TEST(Repositories, TrustComesFromTheConfigMaps) {
  const Repositories repositories({
      .secrets = {secret("repository", {{"url", "git@git.example.com:team/web.git"}, {"sshPrivateKey", "key"}}),
                  secret("repository", {{"url", "https://git.example.com:8443/x"},
                                        {"tlsClientCertData", "cert"},
                                        {"tlsClientCertKey", "ckey"},
                                        {"proxy", "http://proxy:3128"},
                                        {"noProxy", "a,b"}})},
      .tls_certificates = config({{"git.example.com", "PEM"}}),
      .known_hosts = config({{"ssh_known_hosts", "git.example.com ssh-ed25519 AAAA"}}),
  });
  const auto ssh = repositories.git_remote("ssh://git@git.example.com/team/web", "default");
  EXPECT_EQ(ssh.ssh_private_key.reveal(), "key");
  EXPECT_EQ(ssh.ssh_known_hosts, "git.example.com ssh-ed25519 AAAA");
  const auto https = repositories.git_remote("https://git.example.com:8443/x", "default");
  EXPECT_EQ(https.ca_pem, "PEM");
  EXPECT_EQ(https.client_certificate_pem.reveal(), "cert");
  EXPECT_EQ(https.client_key_pem.reveal(), "ckey");
  EXPECT_EQ(https.proxy, "http://proxy:3128");
  EXPECT_EQ(https.no_proxy, "a,b");
  EXPECT_EQ(repositories.git_remote("https://other.example.com/x", "default").ca_pem, "");
}

TEST(Repositories, ChartsAreFoundByUrlOrName) {
  const Repositories repositories({
      .secrets = {secret("repository", {{"url", "https://charts.example.com"}, {"type", "helm"}, {"name", "main"}, {"username", "ann"}}),
                  secret("repository", {{"url", "r.example.com/charts"}, {"type", "helm"}, {"enableOCI", "true"}, {"username", "oci"}}),
                  secret("repository", {{"url", "oci://native.example.com/app"}, {"type", "oci"}, {"insecureOCIForceHttp", "true"}}),
                  secret("repo-creds", {{"url", "r.example.com"}, {"enableOCI", "true"}, {"username", "template"}})},
      .tls_certificates = config({{"r.example.com", "PEM"}}),
      .known_hosts = nullptr,
  });
  const auto shown = [](const charts::Repository& repository) {
    return fmt::format("{} {} {}", repository.kind == charts::Kind::registry ? "registry" : "index", repository.url,
                       repository.username);
  };
  EXPECT_EQ(shown(repositories.chart_repository("https://charts.example.com", "default")), "index https://charts.example.com ann");
  EXPECT_EQ(shown(repositories.chart_repository("r.example.com/charts", "default")), "registry r.example.com/charts oci");
  EXPECT_EQ(shown(repositories.chart_repository("r.example.com/other", "default")), "registry r.example.com/other template");
  EXPECT_EQ(repositories.chart_repository("r.example.com/charts", "default").ca_pem, "PEM");
  EXPECT_EQ(repositories.chart_repository("oci://native.example.com/app", "default").wire, charts::Wire::plain);

  struct Case {
    std::string_view given, want;
  };

  for (const auto& [given, want] : std::to_array<Case>({
           {"@main", "index https://charts.example.com ann"},
           {"alias:main", "index https://charts.example.com ann"},
           {"@none", "-"},
           {"https://charts.example.com", "index https://charts.example.com ann"},
           {"https://open.example.com", "index https://open.example.com "},
           {"oci://r.example.com/charts", "registry r.example.com/charts oci"},
           {"oci://r.example.com/charts/deep", "registry r.example.com/charts/deep template"},
       })) {
    const auto found = repositories.dependency_repository(given, "default");
    EXPECT_EQ(found ? shown(*found) : "-", want) << given;
  }
}

}  // namespace
}  // namespace holdfast::access
