// SPDX-License-Identifier: Apache-2.0
// What may be wrong with a kind cluster or its engine: each refusal with its code, its cause and what to do.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>

#include "cluster.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

struct Undo {
  std::function<void()> run;
  ~Undo() { run(); }
};

// A way to have no engine: what stands before the program, what is in its environment, what it then says.
struct Lack {
  const char* name;
  std::vector<std::string> prefix, environment;
  const char* code;
  const char* fix;
};

class Kind : public OnCluster {
 protected:
  void SetUp() override {
    OnCluster::SetUp();
    if (cluster == nullptr) return;
    // kind://ENGINE/CLUSTER/NODE
    const std::filesystem::path id = cluster->kubectl({"get", "nodes", "-o", "jsonpath={.items[-1:].spec.providerID}"}).out;
    node = id.filename();
    name = id.parent_path().filename();
    engine = id.parent_path().parent_path().filename();
    ASSERT_FALSE(engine.empty()) << id;
  }

  std::string architecture() { return cluster->kubectl({"get", "node", node, "-o", "jsonpath={.status.nodeInfo.architecture}"}).out; }

  Ran in_node(const std::string& script) { return run({engine, "exec", node, "sh", "-c", script}); }

  static Ran run_so(const Lack& lack, const std::vector<std::string>& command) {
    auto whole = lack.prefix;
    whole.insert(whole.end(), command.begin(), command.end());
    auto environment = lack.environment;
    environment.emplace_back("LANG=C.UTF-8");
    return run(whole, {.timeout = seconds(300), .folder = {}, .environment = environment, .input = {}});
  }

  static void expect_refusal(const std::vector<std::string>& command, const std::string& code, const std::string& words, const std::string& fix) {
    const auto ran = run(command, {.timeout = seconds(300), .folder = {}, .environment = {"LANG=C.UTF-8"}, .input = {}});
    EXPECT_NE(ran.exit, 0) << ran.out;
    for (const auto& each : {"error " + code, words, fix}) EXPECT_TRUE(ran.err.contains(each)) << each << " is missing in:\n" << ran.out << ran.err;
  }

  std::vector<Lack> lacks() {
    const auto bin = cluster->path("only-kind");
    const auto closed = cluster->path("closed");
    if (std::filesystem::create_directory(bin)) {
      std::filesystem::create_symlink(run({"sh", "-c", "printf %s \"$(command -v kind)\""}).out, bin + "/kind");
      ::mkdir(closed.c_str(), 0000);
    }
    std::vector<std::string> plain;
    if (::geteuid() == 0) plain = {"setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--"};
    return {{"not running", {}, {"DOCKER_HOST=unix:///nowhere/docker.sock"}, "HF-E-1017", "systemctl start docker"},
            {"no rights on its socket", plain, {fmt::format("DOCKER_HOST=unix://{}/docker.sock", closed)}, "HF-E-1005", "usermod -aG docker"},
            {"not installed", {}, {"PATH=" + bin}, "HF-E-1006", "install docker"}};
  }

  std::string engine, name, node;
};

TEST_F(Kind, WithoutItsEngineSaysSoAndTakesTheImagesThatAreThere) {
  if (engine != "docker") GTEST_SKIP() << "there is no daemon of " << engine;
  for (const auto& lack : lacks()) {
    const auto ran = run_so(lack, cluster->up_command());
    EXPECT_EQ(ran.exit, 0) << lack.name << ran.out << ran.err;
    for (const auto* each : {"images are not loaded", lack.code, lack.fix, "must be on the cluster's nodes already"}) {
      EXPECT_TRUE(ran.out.contains(each)) << lack.name << ": " << each << " is missing in:\n" << ran.out;
    }
  }
}

TEST_F(Kind, TrialsAreRefusedWithoutAnEngineWithoutKindAndForANameThatIsTaken) {
  if (engine != "docker") GTEST_SKIP() << "there is no daemon of " << engine;
  const auto repository = cluster->path("trial");
  ASSERT_EQ(cluster->holdfast({"repo", "init", repository, "--cluster", name}).exit, 0);
  const auto taken = "kind delete cluster --name " + name;
  auto rows = lacks();
  rows.push_back({"kind missing", {}, {"PATH=/nowhere"}, "HF-E-1006", "go install sigs.k8s.io/kind@"});
  rows.push_back({"name taken", {}, {}, "HF-E-4006", taken.c_str()});
  for (const auto& lack : rows) {
    const auto ran = run_so(lack, {program("holdfast"), "e2e", "--repo", repository, "--cluster", name});
    EXPECT_NE(ran.exit, 0) << lack.name << ran.out << ran.err;
    EXPECT_EQ(ran.out, "") << lack.name;
    for (const auto* each : {"error ", lack.code, lack.fix, "nothing was changed"}) {
      EXPECT_TRUE(ran.err.contains(each)) << lack.name << ": " << each << " is missing in:\n" << ran.err;
    }
  }
  EXPECT_TRUE(run({"kind", "get", "clusters"}).out.contains(name));
}

TEST_F(Kind, ANodeThatIsNotReadyIsToldWithItsOwnCondition) {
  const auto ready = [&](const std::string& wanted) {
    return eventually(seconds(120), [&] {
      return cluster->kubectl({"get", "node", node, "-o", "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}"}).out == wanted;
    });
  };
  {
    // A runtime that starts without the configuration of its pods' network, out of reach for whoever wrote it: the
    // kubelet says so within seconds. That a runtime is down it says after half a minute.
    const Undo undo{[&] { EXPECT_EQ(in_node("umount /etc/cni/net.d && systemctl restart containerd").exit, 0); }};
    ASSERT_EQ(in_node("mount -t tmpfs tmpfs /etc/cni/net.d && systemctl restart containerd").exit, 0);
    ASSERT_TRUE(ready("False"));
    expect_refusal(cluster->up_command(), "HF-E-4011", fmt::format("node \"{}\" is not Ready", node), "journalctl -u kubelet");
    expect_refusal(cluster->up_command(), "HF-E-4011", "KubeletNotReady: container runtime network not ready", "journalctl -u kubelet");
  }
  EXPECT_TRUE(ready("True"));
}

TEST_F(Kind, ANodeOfAnotherArchitectureIsRefused) {
  const auto say = [&](const std::string& architecture) {
    return cluster->kubectl({"patch", "node", node, "--subresource=status", "--type=merge", "-p",
                             fmt::format(R"({{"status":{{"nodeInfo":{{"architecture":"{}"}}}}}})", architecture)});
  };
  const auto own = architecture();
  const Undo undo{[&] { EXPECT_EQ(say(own).exit, 0); }};
  // The kubelet says what is true every ten seconds.
  Ran ran;
  EXPECT_TRUE(eventually(seconds(60), [&] { return say("s390x").exit == 0 && (ran = cluster->up()).exit != 0; }));
  EXPECT_TRUE(ran.err.contains("error HF-E-1011")) << ran.err;
  EXPECT_TRUE(ran.err.contains(fmt::format("is for {}, the node is s390x", own))) << ran.err;
}

TEST_F(Kind, ANodeWithoutSpaceForAnImageIsTold) {
  // The engine's real disk is everybody's: a file system of the test's own takes the place of the node's store.
  const std::string store = "/var/lib/containerd/io.containerd.content.v1.content";
  const auto small = cluster->path("small.toml");
  std::ofstream(small) << fmt::format("name = \"small\"\nversion = \"1.0.0\"\nsecurity-epoch = 1\nplatform = \"linux/{}\"\n[[image]]\ncomponent = \"engine\"\n"
                                      "name = \"example.test/sh:1\"\nprogram = \"/bin/bash\"\n", architecture());
  const auto made = cluster->holdfast({"bundle", "create", "-f", small, "-o", cluster->path("small.hfb"), "--sign-key", cluster->path("key")});
  ASSERT_EQ(made.exit, 0) << made.out << made.err;
  auto command = cluster->up_command();
  *std::ranges::find(command, cluster->path("core.hfb")) = cluster->path("small.hfb");

  ASSERT_EQ(in_node("mount -t tmpfs -o size=256k tmpfs " + store).exit, 0);
  const Undo undo{[&] { EXPECT_EQ(in_node("umount " + store).exit, 0); }};
  ASSERT_EQ(in_node(fmt::format("mkdir -p {0}/ingest {0}/blobs/sha256", store)).exit, 0);
  expect_refusal(command, "HF-E-1009", "no space left on device", engine + " system df");
}

TEST_F(Kind, AContainerOfThatNameThatIsAnotherNodeIsRefused) {
  const Undo undo{[&] { EXPECT_EQ(in_node("cp /tmp/own-id /etc/machine-id").exit, 0); }};
  ASSERT_EQ(in_node("cp /etc/machine-id /tmp/own-id && echo 00000000000000000000000000000001 >/etc/machine-id").exit, 0);
  expect_refusal(cluster->up_command(), "HF-E-1003", "the kubeconfig is of another cluster", "kind export kubeconfig --name " + name);
}

}  // namespace
}  // namespace holdfast::e2e
