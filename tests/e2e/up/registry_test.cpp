// SPDX-License-Identifier: Apache-2.0
// `holdfast e2e` without a bundle: the nodes of kind pull what the repository names, here from the stock registry
// beside them.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "base/text.h"
#include "cluster.h"
#include "ports.h"
#include "value/json.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

// An address of this machine that the containers on it reach: of docker's bridge, or of a real link.
std::string own_address() {
  const auto links = run({"ip", "-4", "-o", "addr", "show", "scope", "global"}).out;
  constexpr std::string_view before = " inet ";
  const auto at = links.find(before);
  return at == std::string::npos ? "" : links.substr(at + before.size(), links.find('/', at) - at - before.size());
}

// The stock registry, where the nodes of kind find the machine that they run on.
class Registry {
 public:
  Registry() {
    const auto file = folder_.path("registry.yaml");
    std::ofstream(file) << fmt::format("version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '0.0.0.0:{}', secret: test}}\n"
                                       "storage: {{filesystem: {{rootdirectory: {}}}}}\n", port_, folder_.path("images"));
    const RunOptions options{.timeout = seconds(60), .folder = {}, .environment = {"OTEL_TRACES_EXPORTER=none"}, .input = {}};
    server_ = std::make_unique<Background>(std::vector<std::string>{judge("registry"), "serve", file}, options);
  }

  [[nodiscard]] bool answers() const { return run({"curl", "-s", "-f", "-o", "/dev/null", url("")}).exit == 0; }

  // The images of a bundle, which is an OCI layout in a tar archive, under their names without the host.
  void take_images(const std::string& bundle) {
    const auto layout = folder_.path("layout");
    std::filesystem::create_directory(layout);
    ASSERT_EQ(run({"tar", "-xf", bundle, "-C", layout}).exit, 0);
    const auto index = parsed(layout + "/index.json");
    for (const auto& each : *index.find("manifests")->as_array()) {
      const auto name = std::string(each.text({"annotations", "io.containerd.image.name"}));
      if (!name.starts_with(host)) continue;
      ASSERT_NO_FATAL_FAILURE(take_image(layout, name.substr(host.size()), each));
    }
  }

  // kind's file of the suite, for nodes that ask here, and nowhere else, for the images of holdfast.local.
  [[nodiscard]] std::string kind_config(const std::string& plain) const {
    const auto hosts = folder_.path("certs.d/holdfast.local");
    std::filesystem::create_directories(hosts);
    std::ofstream(hosts + "/hosts.toml") << fmt::format("server = \"http://{}:{}\"\n", own_address(), port_);
    auto config = content_of(plain);
    const auto end_of_nodes = config.find("kubeadmConfigPatches:");
    EXPECT_NE(end_of_nodes, std::string::npos) << config;
    config.insert(end_of_nodes, fmt::format("  extraMounts:\n  - hostPath: {}\n    containerPath: /etc/containerd/certs.d\n"
                                            "containerdConfigPatches:\n- |\n  [plugins.\"io.containerd.grpc.v1.cri\".registry]\n"
                                            "    config_path = \"/etc/containerd/certs.d\"\n", folder_.path("certs.d")));
    auto file = folder_.path("kind.yaml");
    std::ofstream(file) << config;
    return file;
  }

 private:
  static constexpr std::string_view host = "holdfast.local/";

  [[nodiscard]] std::string url(const std::string& path) const { return fmt::format("http://127.0.0.1:{}/v2/{}", port_, path); }

  static std::string blob(const std::string& layout, const std::string& digest) { return layout + "/blobs/" + replace_all(digest, ":", "/"); }
  static Value parsed(const std::string& file) { return json::parse(content_of(file), file).value_or(Value()); }

  static void put(const std::string& to, const std::string& type, const std::string& file) {
    const auto ran = run({"curl", "-s", "-S", "-f", "-X", "PUT", "-H", "Content-Type: " + type, "--data-binary", "@" + file, to});
    ASSERT_EQ(ran.exit, 0) << to << ran.err;
  }

  void take_blob(const std::string& layout, const std::string& image, const std::string& digest) {
    // The registry says where: a URL with a query.
    const auto begun = run({"curl", "-s", "-S", "-f", "-X", "POST", "-o", "/dev/null", "-w", "%header{location}", url(image + "/blobs/uploads/")});
    ASSERT_EQ(begun.exit, 0) << begun.err;
    put(begun.out + "&digest=" + digest, "application/octet-stream", blob(layout, digest));
  }

  void take_image(const std::string& layout, const std::string& name, const Value& described) {
    const std::string digest(described.text({"digest"}));
    const auto colon = name.rfind(':');
    const auto image = name.substr(0, colon);
    const auto manifest = parsed(blob(layout, digest));
    ASSERT_NO_FATAL_FAILURE(take_blob(layout, image, std::string(manifest.text({"config", "digest"}))));
    for (const auto& layer : *manifest.find("layers")->as_array()) {
      ASSERT_NO_FATAL_FAILURE(take_blob(layout, image, std::string(layer.text({"digest"}))));
    }
    put(url(image + "/manifests/" + name.substr(colon + 1)), std::string(described.text({"mediaType"})), blob(layout, digest));
  }

  TemporaryFolder folder_{"pull"};
  int port_ = free_port();
  std::unique_ptr<Background> server_;
};

class WithoutABundle : public testing::Test {
 protected:
  void SetUp() override {
    std::string reason;
    cluster = Cluster::shared(reason, Cluster::Bring::bundle_only);
    if (cluster == nullptr) GTEST_SKIP() << reason;
    if (!std::filesystem::exists(judge("registry"))) GTEST_SKIP() << "there is no registry: tests/judges/build build/judges";
    const auto init = cluster->holdfast({"repo", "init", folder.path("fleet"), "--cluster", "pull", "--sample", "hello"});
    ASSERT_EQ(init.exit, 0) << init.out << init.err;
    registry = std::make_unique<Registry>();
    ASSERT_TRUE(eventually(seconds(20), [&] { return registry->answers(); }));
  }

  Ran try_it(const std::string& kind_config, const std::string& timeout) {
    return run({program("holdfast"), "e2e", "--repo", folder.path("fleet"), "--cluster", "pull", "--timeout", timeout, "--kind-config", kind_config},
               {.timeout = seconds(400), .folder = {}, .environment = {"LANG=C.UTF-8"}, .input = {}});
  }

  TemporaryFolder folder{"pull"};
  Cluster* cluster = nullptr;
  std::unique_ptr<Registry> registry;
};

TEST_F(WithoutABundle, ATrialPassesWhereTheNodesCanPull) {
  ASSERT_NO_FATAL_FAILURE(registry->take_images(cluster->path("core.hfb")));
  const auto ran = try_it(registry->kind_config(cluster->place().trial_arguments().back()), "30");
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.contains(R"(<testsuite name="pull" tests="4" failures="0")")) << ran.out;
  EXPECT_TRUE(ran.err.contains("pulled from where the repository names them")) << ran.err;
}

TEST_F(WithoutABundle, ATrialNamesTheImageThatTheNodesCannotPull) {
  const auto ran = try_it(registry->kind_config(cluster->place().trial_arguments().back()), "20");
  EXPECT_EQ(ran.exit, 1) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.contains("image holdfast.local/agent:")) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.contains("cannot be pulled")) << ran.out << ran.err;
  EXPECT_EQ(cluster->place().trial_left("pull"), "");
}

}  // namespace
}  // namespace holdfast::e2e
