// SPDX-License-Identifier: Apache-2.0
// `holdfast e2e` without a bundle: the nodes of kind pull what the repository names, here from the stock registry
// beside them. Runs on a cluster whose nodes hold the images, since the suite of `up` was there before.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/text.h"
#include "cluster.h"
#include "ports.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

// The stock registry, where the nodes of kind find the machine that they run on.
class Registry {
 public:
  explicit Registry(Cluster& cluster) {
    const auto file = folder_.path("registry.yaml");
    std::ofstream(file) << fmt::format("version: 0.1\nlog: {{level: error}}\nhttp: {{addr: '0.0.0.0:{}', secret: test}}\n"
                                       "storage: {{filesystem: {{rootdirectory: {}}}}}\n", port_, folder_.path("images"));
    const RunOptions options{.timeout = seconds(60), .folder = {}, .environment = {"OTEL_TRACES_EXPORTER=none"}, .input = {}};
    server_ = std::make_unique<Background>(std::vector<std::string>{judge("registry"), "serve", file}, options);
    const std::filesystem::path id = cluster.kubectl({"get", "nodes", "-o", "jsonpath={.items[0].spec.providerID}"}).out;
    node_ = id.filename();
    engine_ = id.parent_path().parent_path().filename();
    // "default via 172.18.0.1 dev eth0"
    const auto route = in_node({"ip", "-4", "route", "show", "default"}).out;
    const auto words = split(route, ' ');
    if (words.size() > 2) address_ = fmt::format("{}:{}", words[2], port_);
  }

  [[nodiscard]] const std::string& address() const { return address_; }

  [[nodiscard]] bool answers() const {
    return run({"curl", "-s", "-f", "-o", "/dev/null", fmt::format("http://127.0.0.1:{}/v2/", port_)}).exit == 0;
  }

  // Every image of ours that the node holds.
  void take_images() {
    const auto listed = in_node({"ctr", "-n", "k8s.io", "images", "list", "-q"}).out;
    int pushed = 0;
    for (const auto image : split(listed, '\n')) {
      constexpr std::string_view host = "holdfast.local/";
      const auto name = image.substr(std::min(host.size(), image.size()));
      if (!image.starts_with(host) || !(name.starts_with("agent:") || name.starts_with("hello:"))) continue;
      const auto ran = in_node({"ctr", "-n", "k8s.io", "images", "push", "--plain-http", fmt::format("{}/{}", address_, name), std::string(image)});
      ASSERT_EQ(ran.exit, 0) << ran.out << ran.err;
      ++pushed;
    }
    ASSERT_EQ(pushed, 2) << listed;
  }

  // kind's file of the suite, for nodes that ask here, and nowhere else, for the images of holdfast.local.
  [[nodiscard]] std::string kind_config(const std::string& plain) const {
    const auto hosts = folder_.path("certs.d/holdfast.local");
    std::filesystem::create_directories(hosts);
    std::ofstream(hosts + "/hosts.toml") << fmt::format("server = \"http://{}\"\n", address_);
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
  Ran in_node(std::vector<std::string> command) {
    command.insert(command.begin(), {engine_, "exec", node_});
    return run(command);
  }

  TemporaryFolder folder_;
  int port_ = free_port();
  std::unique_ptr<Background> server_;
  std::string engine_, node_, address_;
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
    registry = std::make_unique<Registry>(*cluster);
    ASSERT_NE(registry->address(), "");
    ASSERT_TRUE(eventually(seconds(20), [&] { return registry->answers(); }));
  }

  Ran try_it(const std::string& kind_config) {
    return run({program("holdfast"), "e2e", "--repo", folder.path("fleet"), "--cluster", "pull", "--timeout", "30", "--kind-config", kind_config},
               {.timeout = seconds(400), .folder = {}, .environment = {"LANG=C.UTF-8"}, .input = {}});
  }

  TemporaryFolder folder;
  Cluster* cluster = nullptr;
  std::unique_ptr<Registry> registry;
};

TEST_F(WithoutABundle, ATrialPassesWhereTheNodesCanPull) {
  ASSERT_NO_FATAL_FAILURE(registry->take_images());
  const auto ran = try_it(registry->kind_config(cluster->place().trial_arguments().back()));
  EXPECT_EQ(ran.exit, 0) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.contains(R"(<testsuite name="pull" tests="4" failures="0")")) << ran.out;
  EXPECT_TRUE(ran.err.contains("pulled from where the repository names them")) << ran.err;
}

TEST_F(WithoutABundle, ATrialNamesTheImageThatTheNodesCannotPull) {
  const auto ran = try_it(registry->kind_config(cluster->place().trial_arguments().back()));
  EXPECT_EQ(ran.exit, 1) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.contains("image holdfast.local/agent:")) << ran.out << ran.err;
  EXPECT_TRUE(ran.out.contains("cannot be pulled")) << ran.out << ran.err;
  EXPECT_EQ(cluster->place().trial_left("pull"), "");
}

}  // namespace
}  // namespace holdfast::e2e
