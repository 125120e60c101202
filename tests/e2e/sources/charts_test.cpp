// SPDX-License-Identifier: Apache-2.0
// Charts from a Helm repository over TLS with basic auth, and from the stock registry with its token
// service. The peers are real; nothing here is scripted.
#include "charts/charts.h"
#include "charts/with_charts.h"
#include "harness.h"
#include "http/transport.h"
#include "ports.h"
#include "value/json.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace holdfast::charts {
namespace {

using std::chrono::seconds;
using Files = tree::MemoryTree::Files;

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return std::move(out).str();
}

void write(const std::string& path, std::string_view text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

std::string package(const std::string& version, const std::string& value) {
  const tree::MemoryTree tree(Files{{"web/Chart.yaml", "apiVersion: v2\nname: web\nversion: " + version + "\n"},
                                    {"web/values.yaml", value}});
  return pack(tree, "web", "web").value();
}

constexpr const char* user = "ann";
constexpr const char* password = "s3cret";

class Sources : public testing::Test {
 protected:
  void SetUp() override {
    const auto made = e2e::run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                                "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder.path("key.pem"),
                                "-out", folder.path("cert.pem")});
    ASSERT_EQ(made.exit, 0) << made.err;
    ca = slurp(folder.path("cert.pem"));
    charts = Charts::open({folder.path("cache"), {}, {}}, clock).value();
    http::Options options;
    options.tls.ca_pem = ca;
    client = http::make_curl_transport(std::move(options)).value();
  }

  // A peer of peers.py; waits until it answers.
  std::unique_ptr<e2e::Background> peer(const std::string& kind, const std::string& files, int port) {
    auto started = std::make_unique<e2e::Background>(std::vector<std::string>{
        "python3", e2e::source("tests/e2e/sources/peers.py"), kind, files, std::to_string(port),
        folder.path("cert.pem"), folder.path("key.pem"), user, password});
    await(fmt::format("https://127.0.0.1:{}/", port));
    return started;
  }

  void await(const std::string& url) {
    const bool up = e2e::eventually(seconds(30), [&] { return client->send({.url = url}).has_value(); });
    ASSERT_TRUE(up) << url;
  }

  Repository repository(const std::string& url, Kind kind) const {
    return {.url = url, .kind = kind, .username = user, .password = Secret(password), .ca_pem = ca};
  }

  std::string read(const Repository& from, const std::string& chart, const std::string& version) {
    const auto tree = charts->tree(from, chart, version, {});
    return tree ? (*tree)->read("values.yaml").value_or("nothing") : tree.error().message();
  }

  TemporaryFolder folder{"charts"};
  std::string ca;
  SystemClock clock;
  std::unique_ptr<http::Transport> client;
  std::unique_ptr<Charts> charts;
};

TEST_F(Sources, AHelmRepositoryOverTlsWithBasicAuth) {
  const int port = e2e::free_port();
  const auto files = folder.path("files");
  std::string index = "apiVersion: v1\nentries:\n  web:\n";
  for (const std::string version : {"1.0.0", "1.1.0", "2.0.0-rc.1"}) {
    const auto bytes = package(version, "v: " + version);
    write(fmt::format("{}/web-{}.tgz", files, version), bytes);
    index += fmt::format("  - {{name: web, version: {}, digest: {}, urls: [web-{}.tgz]}}\n", version,
                         crypto::sha256(bytes).hex(), version);
  }
  write(files + "/index.yaml", index);
  auto server = peer("files", files, port);
  const auto from = repository(fmt::format("https://127.0.0.1:{}", port), Kind::index);
  EXPECT_EQ(charts->resolve(from, {.chart = "web", .version = "1.x"}, {}).value(), "1.1.0");
  EXPECT_EQ(read(from, "web", "1.1.0"), "v: 1.1.0");
  EXPECT_EQ(read(from, "web", "1.0.0"), "v: 1.0.0");

  auto stranger = from;
  stranger.password = Secret("wrong");
  charts->expire(from.url);
  const auto refused = charts->resolve(stranger, {.chart = "web"}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message().find("wrong"), std::string::npos);
  EXPECT_NE(refused.error().message().find("HTTP 401"), std::string::npos);
  auto distrustful = from;
  distrustful.ca_pem.clear();
  EXPECT_EQ(charts->resolve(distrustful, {.chart = "web"}, {}).error().code(), Code::unreachable);
  distrustful.verify = http::Verify::nothing;
  EXPECT_TRUE(charts->resolve(distrustful, {.chart = "web"}, {}));

  EXPECT_EQ(read(from, "web", "1.0.0"), "v: 1.0.0");
  server.reset();
  EXPECT_EQ(read(from, "web", "1.0.0"), "v: 1.0.0") << "from the disk, with the repository away";
}

TEST_F(Sources, TheProgramVendorsFromIt) {
  const int port = e2e::free_port();
  const auto bytes = package("1.2.0", "v: 1");
  write(folder.path("files/web-1.2.0.tgz"), bytes);
  write(folder.path("files/index.yaml"),
        fmt::format("apiVersion: v1\nentries: {{web: [{{version: 1.2.0, digest: {}, urls: [web-1.2.0.tgz]}}]}}\n",
                    crypto::sha256(bytes).hex()));
  write(folder.path("password"), std::string(password) + "\n");
  const auto server = peer("files", folder.path("files"), port);
  const auto holdfast = e2e::program("holdfast");
  const auto fleet = folder.path("fleet");
  ASSERT_EQ(e2e::run({holdfast, "repo", "init", fleet, "--cluster", "demo"}).exit, 0);
  const auto url = fmt::format("https://127.0.0.1:{}", port);
  const std::vector<std::string> vendor{holdfast, "repo", "vendor", "web", "--source", url, "--version", "1.x", "--repo",
                                        fleet, "--username", user, "--password-file", folder.path("password"),
                                        "--ca-file", folder.path("cert.pem")};
  const auto ran = e2e::run(vendor);
  ASSERT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ((ran.out + ran.err).find(password), std::string::npos);
  const auto origin = slurp(fleet + "/external/web/origin.toml");
  EXPECT_NE(origin.find(fmt::format("source = \"{}\"", url)), std::string::npos) << origin;
  EXPECT_NE(origin.find(crypto::sha256(bytes).text()), std::string::npos) << origin;
  EXPECT_EQ(slurp(fleet + "/external/web/values.yaml"), "v: 1");
  EXPECT_EQ(e2e::run({"git", "-C", fleet, "status", "--porcelain"}).out, "");
  EXPECT_EQ(e2e::run({"git", "-C", fleet, "fsck", "--strict"}).exit, 0);
  EXPECT_NE(e2e::run(vendor).out.find("is there already"), std::string::npos);
  write(fleet + "/external/web/values.yaml", "v: mine");
  write(folder.path("files/web-1.2.0.tgz"), package("1.2.0", "v: 2"));
  const auto refused = e2e::run(vendor);
  EXPECT_NE(refused.exit, 0);
  EXPECT_NE(refused.err.find("is not what the index says"), std::string::npos) << refused.err;
}

TEST_F(Sources, TheProgramVendorsFromABundle) {
  write(folder.path("web/Chart.yaml"), "apiVersion: v2\nname: web\nversion: 1.2.0\n");
  write(folder.path("web/values.yaml"), "a: 1\n");
  write(folder.path("apps.toml"),
        "name = \"apps\"\nversion = \"1.0.0\"\nplatform = \"linux/amd64\"\n[[chart]]\ncomponent = \"apps\"\n"
        "name = \"web\"\nversion = \"1.2.0\"\npath = \"web\"\n");
  const auto must = [&](std::vector<std::string> words) {
    words.insert(words.begin(), e2e::program("holdfast"));
    const auto ran = e2e::run(words, {.folder = folder.path(""), .environment = {}, .input = {}});
    EXPECT_EQ(ran.exit, 0) << words[2] << ran.err;
  };
  must({"trust", "keygen", "--key", "key", "--public", "key.pub"});
  must({"bundle", "create", "-f", "apps.toml", "-o", "apps.hfb", "--sign-key", "key"});
  must({"trust", "init", "--key", "key.pub", "--trust-dir", "trust"});
  must({"repo", "init", "fleet", "--cluster", "demo"});
  must({"repo", "vendor", "web", "--bundle", "apps.hfb", "--trust-dir", "trust", "--repo", "fleet", "--source",
        "https://charts.example.com"});
  EXPECT_EQ(slurp(folder.path("fleet/external/web/values.yaml")), "a: 1\n");
  EXPECT_NE(slurp(folder.path("fleet/external/web/origin.toml")).find("https://charts.example.com"), std::string::npos);
}

class RegistryE2e : public Sources {
 protected:
  void SetUp() override {
    const std::string program = e2e::judge("registry");
    if (::access(program.c_str(), X_OK) != 0) {
      GTEST_SKIP() << "there is no registry: tests/judges/build build/judges";
    }
    Sources::SetUp();
    const int token_port = e2e::free_port();
    port = e2e::free_port();
    tokens = peer("tokens", folder.path(""), token_port);
    realm = fmt::format("https://127.0.0.1:{}/token", token_port);
    write(folder.path("registry.yml"),
          fmt::format("version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {0}/store}}}}\n"
                      "http: {{addr: '127.0.0.1:{1}', tls: {{certificate: {0}/cert.pem, key: {0}/key.pem}}}}\n"
                      "auth: {{token: {{realm: '{2}', service: registry, issuer: test, rootcertbundle: {0}/cert.pem}}}}\n",
                      folder.path(""), port, realm));
    e2e::RunOptions options;
    options.environment = {"OTEL_TRACES_EXPORTER=none"};
    registry = std::make_unique<e2e::Background>(
        std::vector<std::string>{program, "serve", folder.path("registry.yml")}, options);
    await(fmt::format("https://127.0.0.1:{}/v2/", port));
  }

  http::Response send(http::Request request, const std::string& token) {
    request.headers.push_back({"Authorization", "Bearer " + token});
    auto response = client->send(request);
    EXPECT_TRUE(response) << request.url << (response ? "" : response.error().message());
    return response ? *response : http::Response();
  }

  std::string push_blob(const std::string& name, const std::string& bytes, const std::string& token) {
    const auto digest = crypto::sha256(bytes).text();
    const auto base = fmt::format("https://127.0.0.1:{}", port);
    const auto begun = send({.method = "POST", .url = fmt::format("{}/v2/{}/blobs/uploads/", base, name)}, token);
    EXPECT_EQ(begun.status, 202);
    std::string place(begun.header("location"));
    if (place.starts_with('/')) place = base + place;
    const auto put = send({.method = "PUT", .url = fmt::format("{}&digest={}", place, digest), .body = bytes}, token);
    EXPECT_EQ(put.status, 201) << put.body;
    return digest;
  }

  // As helm push does it. Returns the manifest's digest.
  std::string push(const std::string& name, const std::string& tag, const std::string& bytes,
                   std::string_view config_type, std::string_view layer_type) {
    http::Request ask{.url = fmt::format("{}?service=registry&scope=repository:{}:pull,push", realm, name)};
    ask.headers.push_back({"Authorization", basic(repository("", Kind::registry))});
    const auto granted = client->send(ask).value();
    const auto token = std::string(json::parse(granted.body, "token")->text({"token"}));
    const auto config = push_blob(name, "{}", token);
    const auto layer = push_blob(name, bytes, token);
    const auto size = [](const std::string& of) { return static_cast<std::int64_t>(of.size()); };
    const Value manifest = Object{
        {"schemaVersion", 2},
        {"mediaType", "application/vnd.oci.image.manifest.v1+json"},
        {"config", Object{{"mediaType", std::string(config_type)}, {"digest", config}, {"size", 2}}},
        {"layers", Array{Object{{"mediaType", std::string(layer_type)}, {"digest", layer}, {"size", size(bytes)}}}}};
    http::Request put{.method = "PUT",
                      .url = fmt::format("https://127.0.0.1:{}/v2/{}/manifests/{}", port, name, tag),
                      .headers = {{"Content-Type", "application/vnd.oci.image.manifest.v1+json"}},
                      .body = json::write(manifest)};
    const auto answer = send(put, token);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return std::string(answer.header("docker-content-digest"));
  }

  static constexpr std::string_view chart_config = "application/vnd.cncf.helm.config.v1+json";
  static constexpr std::string_view chart_layer = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";

  int port = 0;
  std::string realm;
  std::unique_ptr<e2e::Background> tokens, registry;
};

TEST_F(RegistryE2e, ChartsByVersionAndRange) {
  for (const std::string version : {"1.0.0", "1.1.0+build.2", "2.0.0"}) {
    auto tag = version;
    std::ranges::replace(tag, '+', '_');
    push("team/web", tag, package(version, "v: " + version), chart_config, chart_layer);
  }
  const auto from = repository(fmt::format("127.0.0.1:{}/team", port), Kind::registry);
  EXPECT_EQ(charts->resolve(from, {.chart = "web", .version = "1.x"}, {}).value(), "1.1.0+build.2");
  EXPECT_EQ(read(from, "web", "1.1.0+build.2"), "v: 1.1.0+build.2");
  EXPECT_EQ(read(from, "web", "2.0.0"), "v: 2.0.0");
  EXPECT_NE(read(from, "web", "9.0.0").find("HTTP 404"), std::string::npos);
  auto stranger = from;
  stranger.password = Secret("wrong");
  const auto refused = charts->fetch(stranger, "web", "1.0.0", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message().find("wrong"), std::string::npos);
  registry.reset();
  EXPECT_EQ(read(from, "web", "2.0.0"), "v: 2.0.0") << "from the disk, with the registry away";
}

TEST_F(RegistryE2e, AnArtifactIsKnownByItsDigestAndItsTagMayMove) {
  const auto url = fmt::format("oci://127.0.0.1:{}/team/manifests", port);
  const auto from = repository(url, Kind::registry);
  const auto packed = [](const std::string& text) {
    const tree::MemoryTree tree(Files{{"x/values.yaml", text}});
    return pack(tree, "x", ".").value();
  };
  const auto first = push("team/manifests", "latest", packed("1"), "application/vnd.oci.empty.v1+json",
                          "application/vnd.oci.image.layer.v1.tar+gzip");
  EXPECT_EQ(charts->resolve(from, {.chart = {}, .version = "latest"}, {}).value(), first);
  EXPECT_EQ(read(from, "", first), "1");
  const auto second = push("team/manifests", "latest", packed("2"), "application/vnd.oci.empty.v1+json",
                           "application/vnd.oci.image.layer.v1.tar+gzip");
  EXPECT_EQ(charts->resolve(from, {.chart = {}, .version = "latest"}, {}).value(), second);
  EXPECT_EQ(read(from, "", second), "2");
  EXPECT_EQ(read(from, "", first), "1");
}

}  // namespace
}  // namespace holdfast::charts
