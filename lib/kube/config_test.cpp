// SPDX-License-Identifier: Apache-2.0
#include "kube/config.h"

#include "base/text.h"
#include "fakes/temporary_folder.h"
#include "kube/credentials.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

namespace holdfast::kube {
namespace {

class Folder : public TemporaryFolder {
 public:
  Folder() : TemporaryFolder("config") {}

  std::string write(const std::string& name, std::string_view text) const {
    const auto path = *this / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    return path.string();
  }
};

Environment environment_of(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
  };
}

constexpr const char* two_contexts = R"(
apiVersion: v1
kind: Config
current-context: one
contexts:
- {name: one, context: {cluster: c, user: u, namespace: shop}}
- {name: two, context: {cluster: d, user: t}}
clusters:
- {name: c, cluster: {server: 'https://one:6443/', certificate-authority-data: Q0E=}}
- {name: d, cluster: {server: 'https://two', certificate-authority: ca.crt,
    tls-server-name: kubernetes, proxy-url: 'http://proxy:3128'}}
users:
- {name: u, user: {client-certificate-data: Q0VSVA==, client-key: key.pem}}
- {name: t, user: {token: abc}}
)";

TEST(Kubeconfig, GivesTheCurrentContext) {
  const Folder folder;
  folder.write("key.pem", "KEY");
  const auto config = load_kubeconfig(folder.write("config", two_contexts), "", environment_of({}));
  ASSERT_TRUE(config.has_value()) << config.error().message();
  EXPECT_EQ(config->server, "https://one:6443");
  EXPECT_EQ(config->context, "one");
  EXPECT_EQ(config->namespace_, "shop");
  EXPECT_EQ(config->http.tls.ca_pem, "CA");
  EXPECT_EQ(config->http.tls.client_certificate_pem.reveal(), "CERT");
  EXPECT_EQ(config->http.tls.client_key_pem.reveal(), "KEY");
}

TEST(Kubeconfig, GivesANamedContextWithFilesBesideIt) {
  const Folder folder;
  folder.write("ca.crt", "OTHER CA");
  const auto config =
      load_kubeconfig(folder.write("config", two_contexts), "two", environment_of({}));
  ASSERT_TRUE(config.has_value()) << config.error().message();
  EXPECT_EQ(config->http.tls.ca_pem, "OTHER CA");
  EXPECT_EQ(config->http.tls.server_name, "kubernetes");
  EXPECT_EQ(config->http.proxy, "http://proxy:3128");
  EXPECT_EQ(config->token.reveal(), "abc");
  EXPECT_EQ(config->namespace_, "default");
}

TEST(Kubeconfig, MergesTheFilesThatTheEnvironmentLists) {
  const Folder folder;
  const auto first = folder.write("first", "current-context: two\n");
  const auto second = folder.write("second", two_contexts);
  folder.write("ca.crt", "CA");
  const auto config = load_kubeconfig(
      "", "", environment_of({{"KUBECONFIG", first + ":" + folder.path() + "/absent:" + second}}));
  ASSERT_TRUE(config.has_value()) << config.error().message();
  EXPECT_EQ(config->server, "https://two");
  folder.write(".kube/config", two_contexts);
  folder.write(".kube/key.pem", "KEY");
  EXPECT_EQ(load_kubeconfig("", "", environment_of({{"HOME", folder.path()}}))->server,
            "https://one:6443");
}

TEST(Kubeconfig, RefusesWhatCannotBeUsedByName) {
  const Folder folder;

  struct Case {
    const char* text;
    const char* context;
    Code code;
    const char* what;
  };

  const Case cases[] = {
      {"a: [", "", Code::kubeconfig, "is no kubeconfig"},
      {"{}", "", Code::kubeconfig, "the kubeconfig has no current context"},
      {two_contexts, "three", Code::kubeconfig, "no context 'three' in the kubeconfig"},
      {"contexts: [{name: a, context: {cluster: b}}]", "a", Code::kubeconfig,
       "no cluster 'b' in the kubeconfig"},
      {"{contexts: [{name: a, context: {cluster: b}}], clusters: [{name: b, cluster: {server: "
       "'ftp://x'}}]}",
       "a", Code::kubeconfig, "the cluster's server is no URL"},
      {"{contexts: [{name: a, context: {cluster: b, user: u}}], clusters: [{name: b, cluster: "
       "{server: 'https://x', "
       "certificate-authority-data: '%%'}}]}",
       "a", Code::kubeconfig, "certificate-authority-data in"},
      {"{contexts: [{name: a, context: {cluster: b, user: u}}], clusters: [{name: b, cluster: "
       "{server: 'https://x'}}], "
       "users: [{name: u, user: {exec: {command: aws}}}]}",
       "a", Code::kubeconfig, "the user's credentials come from a plugin ('exec')"},
      {"{contexts: [{name: a, context: {cluster: b, user: u}}], clusters: [{name: b, cluster: "
       "{server: 'https://x'}}], "
       "users: [{name: u, user: {as: root}}]}",
       "a", Code::kubeconfig, "impersonation ('as') is not supported"},
  };
  for (const auto& c : cases) {
    const auto config =
        load_kubeconfig(folder.write("config", c.text), c.context, environment_of({}));
    ASSERT_FALSE(config.has_value()) << c.what;
    EXPECT_EQ(config.error().code(), c.code) << c.what;
    EXPECT_NE(config.error().what().find(c.what), std::string::npos) << config.error().message();
  }
  EXPECT_EQ(load_kubeconfig("", "", environment_of({{"HOME", "/nonexistent"}})).error().code(),
            Code::no_kubeconfig);
  EXPECT_EQ(load_kubeconfig("/nonexistent/config", "", environment_of({})).error().code(),
            Code::file_missing);
  EXPECT_EQ(load_kubeconfig("/", "", environment_of({})).error().message(),
            "'/' cannot be read: Is a directory");
  const auto typo = load_kubeconfig(folder.write("config", two_contexts), "oen", environment_of({}));
  EXPECT_EQ(typo.error().fix_line(), "did you mean --context one ?");
}

TEST(InCluster, ReadsTheServiceAccountOfThePod) {
  const Folder folder;
  const std::string base = "var/run/secrets/kubernetes.io/serviceaccount/";
  folder.write(base + "ca.crt", "CA");
  folder.write(base + "token", "first\n");
  folder.write(base + "namespace", "argocd");
  const auto config = load_in_cluster(
      environment_of({{"KUBERNETES_SERVICE_HOST", "fd00::1"}, {"KUBERNETES_SERVICE_PORT", "443"}}),
      folder.path());
  ASSERT_TRUE(config.has_value()) << config.error().message();
  EXPECT_EQ(config->server, "https://[fd00::1]:443");
  EXPECT_EQ(config->namespace_, "argocd");
  EXPECT_EQ(config->http.tls.ca_pem, "CA");
  EXPECT_LT(config->http.connect_timeout, http::Options().connect_timeout);
  EXPECT_EQ(load_in_cluster(environment_of({})).error().code(), Code::no_kubeconfig);
}

TEST(Credentials, ReadATokenFileAgain) {
  const Folder folder;
  Config config;
  config.token_file = folder.write("token", "first\n");
  ManualClock clock;
  Credentials credentials(config, clock);
  const auto header = [&] {
    http::Request request;
    EXPECT_TRUE(credentials.authorise(request).has_value());
    return request.headers.empty() ? "" : request.headers[0].value;
  };
  EXPECT_EQ(header(), "Bearer first");
  folder.write("token", "second");
  EXPECT_EQ(header(), "Bearer first");
  clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(header(), "Bearer second");
  folder.write("token", "third");
  EXPECT_TRUE(credentials.renew());
  EXPECT_FALSE(credentials.renew());
  EXPECT_EQ(header(), "Bearer third");
  std::filesystem::remove(config.token_file);
  clock.advance(std::chrono::seconds(60));
  EXPECT_EQ(header(), "Bearer third");
}

TEST(Credentials, RefuseATokenFileThatWasNeverThere) {
  Config config;
  config.token_file = "/nonexistent/token";
  const ManualClock clock;
  http::Request request;
  EXPECT_EQ(Credentials(config, clock).authorise(request).error().code(), Code::kubeconfig);
}

TEST(Credentials, SpeakBasicAuthenticationToo) {
  Config config;
  config.username = "admin";
  config.password = Secret("pw");
  const ManualClock clock;
  http::Request request;
  ASSERT_TRUE(Credentials(config, clock).authorise(request).has_value());
  EXPECT_EQ(request.headers[0].value, "Basic " + to_base64("admin:pw"));
}

}  // namespace
}  // namespace holdfast::kube
