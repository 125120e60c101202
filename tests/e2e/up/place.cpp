// SPDX-License-Identifier: Apache-2.0
#include "place.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <optional>

#include "ports.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

Ran kubectl(const std::string& kubeconfig, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {node_file("kube"), "kubectl", "--kubeconfig", kubeconfig});
  return run(arguments);
}

// This machine as a node, in a network namespace of the test's own that counts what leaves it.
class OurNode : public Place {
 public:
  explicit OurNode(const std::string& folder) : state_(folder + "/state") {}

  std::optional<std::string> enter(Pods pods) override {
    const auto why = why_no_node();
    simulated_ = pods == Pods::simulated;
    if (why && (!simulated_ || why_no_simulated_node())) return why_no_simulated_node().value_or(*why);
    // Where nothing runs the cluster is in the network of the machine.
    if (why) return std::nullopt;
    if (simulated_) without_containers_ = {"setpriv", "--bounding-set", "-sys_admin", "--"};
    isolated_ = true;
    return enter_isolated_network();
  }

  [[nodiscard]] std::vector<std::string> up_prefix() const override { return without_containers_; }

  [[nodiscard]] std::vector<std::string> up_arguments() const override {
    std::vector<std::string> arguments{"--node", "--state-dir", state_};
    // There the usual port may be somebody's.
    if (simulated_) arguments.insert(arguments.end(), {"--api-port", "26543"});
    return arguments;
  }

  [[nodiscard]] std::string kubeconfig() const override { return state_ + "/admin.conf"; }

  [[nodiscard]] std::vector<std::string> steps() const override {
    return {"node", "images", "repository", "engine", "publish", "root", "applications"};
  }

  std::string url_of(const std::string& service, const std::string& in_namespace) override {
    const auto address = kubectl(kubeconfig(), {"get", "service", service, "-n", in_namespace, "-o", "jsonpath={.spec.clusterIP}"});
    return address.exit != 0 || address.out.empty() ? "" : fmt::format("http://{}", address.out);
  }

  void restart(const std::string& name) override {
    const auto down = run({program("holdfast"), "node", "down", "--state-dir", state_}, {.timeout = seconds(120), .folder = {}, .environment = {}, .input = {}});
    ASSERT_EQ(down.exit, 0) << name << down.out << down.err;
    const auto components = variable("HOLDFAST_NODE_DIR");
    const auto up = run({program("holdfast"), "node", "up", "--state-dir", state_, "--components", components},
                        {.timeout = seconds(240), .folder = {}, .environment = {}, .input = {}});
    ASSERT_EQ(up.exit, 0) << name << up.out << up.err;
  }

  [[nodiscard]] std::vector<std::string> trial_arguments() const override { return {"--node"}; }

  [[nodiscard]] std::string trial_left(const std::string&) const override { return processes_with("/tmp/hf-e2e-").empty() ? "" : "processes of a node"; }

  void end() override {
    if (isolated_) {
      EXPECT_EQ(uplink_packets(), 0) << "packets left by the uplink";
      EXPECT_EQ(outside_questions(), 0) << "somebody outside was asked for a name";
    }
    const auto down = run({program("holdfast"), "node", "down", "--data", "remove", "--state-dir", state_},
                          {.timeout = seconds(120), .folder = {}, .environment = {}, .input = {}});
    EXPECT_EQ(down.exit, 0) << down.out << down.err;
  }

 private:
  std::string state_;
  bool simulated_ = false;
  bool isolated_ = false;
  std::vector<std::string> without_containers_;  // what to start `up` with so that none can run
};

// A cluster that scripts/kind/up made, or prepared, and scripts/kind/run brought us to; who made it removes it.
class Kind : public Place {
 public:
  explicit Kind(std::string folder) : folder_(std::move(folder)) {}

  std::optional<std::string> enter(Pods) override {
    if (auto reason = variable("HOLDFAST_E2E_SKIP"); !reason.empty()) return reason;
    // Only prepared: the tests make their own.
    if (!std::filesystem::exists(kubeconfig())) return std::nullopt;
    const auto nodes = kubectl(kubeconfig(), {"get", "nodes", "-o", "jsonpath={.items[*].spec.providerID}"});
    if (nodes.exit != 0 || !nodes.out.starts_with("kind://")) return "KUBECONFIG names no kind cluster: " + nodes.out + nodes.err;
    // A Service is reached through the API server: its addresses mean nothing outside of the nodes.
    port_ = free_port();
    proxy_.emplace(std::vector<std::string>{node_file("kube"), "kubectl", "--kubeconfig", kubeconfig(), "proxy", fmt::format("--port={}", port_)});
    return std::nullopt;
  }

  [[nodiscard]] std::vector<std::string> up_prefix() const override { return {}; }

  [[nodiscard]] std::vector<std::string> up_arguments() const override {
    return {"--kubeconfig", kubeconfig(), "--state-dir", folder_ + "/state"};
  }

  [[nodiscard]] std::string kubeconfig() const override { return variable("KUBECONFIG"); }

  [[nodiscard]] std::vector<std::string> steps() const override {
    return {"images", "repository", "engine", "publish", "root", "applications"};
  }

  std::string url_of(const std::string& service, const std::string& in_namespace) override {
    return fmt::format("http://127.0.0.1:{}/api/v1/namespaces/{}/services/{}:80/proxy", port_, in_namespace, service);
  }

  void restart(const std::string& name) override {
    const auto engine = variable("KIND_EXPERIMENTAL_PROVIDER") == "podman" ? "podman" : "docker";
    // An engine waits 10 s for a node's systemd, which takes longer, and then ends it: the end is the same.
    const auto ran = run({engine, "restart", "-t", "1", name}, {.timeout = seconds(120), .folder = {}, .environment = {}, .input = {}});
    ASSERT_EQ(ran.exit, 0) << ran.out << ran.err;
  }

  [[nodiscard]] std::vector<std::string> trial_arguments() const override { return {"--kind-config", variable("HOLDFAST_KIND_CONFIG")}; }

  [[nodiscard]] std::string trial_left(const std::string& name) const override {
    return ("\n" + run({"kind", "get", "clusters"}).out).contains(fmt::format("\n{}\n", name)) ? "kind cluster " + name : "";
  }

  void end() override { proxy_.reset(); }

 private:
  std::string folder_;
  int port_ = 0;
  std::optional<Background> proxy_;
};

}  // namespace

std::unique_ptr<Place> Place::chosen(std::string folder) {
  if (variable("HOLDFAST_E2E_PLACE") == "kind") return std::make_unique<Kind>(std::move(folder));
  return std::make_unique<OurNode>(folder);
}

}  // namespace holdfast::e2e
