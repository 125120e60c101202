// SPDX-License-Identifier: Apache-2.0
// What needs a cluster to go wrong: a port that is taken, a disk that is full under the node or the
// agent, a user without rights. The cluster is a real API server with simulated pods.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <memory>

#include "base/handle.h"
#include "base/text.h"
#include "disk.h"
#include "value/json.h"
#include "world.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

constexpr const char* node_up = "holdfast node up --mode simulated --components node --state-dir small/state";

FileDescriptor listen_on(int port) {
  FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  const bool listens = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd.get(), 1) == 0;
  return listens ? std::move(fd) : FileDescriptor();
}

// The error that `ran` ended with: its code and exit, and that it says `text`.
void expect_error(const World& world, const Ran& ran, int exit, std::string_view text) {
  EXPECT_EQ(ran.exit, exit) << ran.out << ran.err;
  const auto start = ran.err.find("error HF-E-");
  ASSERT_NE(start, std::string::npos) << ran.err;
  EXPECT_EQ(world.masked(ran.err.substr(start)), text);
}

class OnSimulated : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = why_no_node()) GTEST_SKIP() << *why;
    if (const auto why = enter_private_mounts()) GTEST_SKIP() << *why;
    if (const auto why = enter_isolated_network()) GTEST_SKIP() << *why;
    std::filesystem::create_symlink(node_file("."), world.path("node"));
    disk = std::make_unique<Disk>(world.path("small"), 24 << 20);
  }

  void TearDown() override {
    if (disk) static_cast<void>(world.run("holdfast node down --state-dir small/state --data remove"));
  }

  void kubectl(const std::string& line, const std::string& input_file = "") const {
    world.write("run.sh", fmt::format("exec {} kubectl --kubeconfig small/state/admin.conf {}{}\n", node_file("kube"), line,
                                      input_file.empty() ? "" : " < " + input_file));
    world.must("bash run.sh");
  }

  // A kubeconfig for a service account that nobody gave a right.
  void make_nobody() const {
    kubectl("create serviceaccount nobody -n default");
    world.write("run.sh", fmt::format("{} kubectl --kubeconfig small/state/admin.conf create token nobody -n default > token\n", node_file("kube")));
    world.must("bash run.sh");
    const auto admin = world.read("small/state/admin.conf");
    world.write("nobody.sh", fmt::format("{0} kubectl --kubeconfig small/state/admin.conf config view --raw > nobody.conf\n"
                                         "{0} kubectl --kubeconfig nobody.conf config set-credentials nobody --token=$(cat token)\n"
                                         "{0} kubectl --kubeconfig nobody.conf config set-context --current --user=nobody\n",
                                         node_file("kube")));
    world.must("bash nobody.sh");
  }

  // The agent, before and after the cluster knows its kinds.
  void refuse_agents() const {
    const std::string agent = "holdfast-agent --kubeconfig small/state/admin.conf --state-dir agent";
    const auto unknown = world.run(agent + " --listen 127.0.0.1:0");
    EXPECT_EQ(unknown.exit, 1) << unknown.err;
    EXPECT_TRUE(unknown.err.contains("error HF-E-4009: the cluster does not serve argoproj.io/v1alpha1 App")) << unknown.err;
    world.write("crds.yaml", world.must("holdfast crds"));
    kubectl("apply --server-side -f crds.yaml");
    kubectl("wait --for=condition=Established crd/applications.argoproj.io crd/appprojects.argoproj.io");
    for (const auto* command : {"list", "get hello", "tree hello", "history hello", "diff hello", "sync hello", "rollback hello",
                                "terminate-op hello", "delete hello", "wait hello", "logs hello", "explain hello"}) {
      const auto ran = world.run(fmt::format("holdfast app {} --kubeconfig nobody.conf", command));
      EXPECT_EQ(ran.exit, 4) << command << ran.err;
      EXPECT_TRUE(ran.err.contains("error HF-E-1005: the API server forbids to ")) << command << ran.err;
      EXPECT_TRUE(ran.err.contains("cannot") && ran.err.contains("applications") && ran.err.contains("\n  nothing was changed\n")) << command << ran.err;
    }
    const auto forbidden = world.run("holdfast-agent --kubeconfig nobody.conf --state-dir agent --listen 127.0.0.1:0");
    EXPECT_EQ(forbidden.exit, 4) << forbidden.err;
    EXPECT_TRUE(forbidden.err.contains("error HF-E-1005: the API server forbids to list /")) << forbidden.err;
    EXPECT_TRUE(forbidden.err.contains("User \"system:serviceaccount:default:nobody\" cannot list resource")) << forbidden.err;
    expect_error(world, world.run(agent + " --listen 127.0.0.1:6443"), 4,
                 "error HF-E-1010: nothing can listen on 127.0.0.1:6443\n"
                 "  because: Address already in use\n"
                 "  nothing was changed\n"
                 "  fix:     stop what listens there, or choose another port\n"
                 "  more:    holdfast explain HF-E-1010\n");
    expect_error(world, world.run(agent + " --listen somewhere:80"), 2,
                 "error HF-E-1001: \"somewhere\" is no IP address to listen on\n"
                 "  nothing was changed\n"
                 "  fix:     see the command's --help\n"
                 "  more:    holdfast explain HF-E-1001\n");
  }

  // An agent whose disk is full does not start; one whose disk fills up refuses pushes and serves on.
  void refuse_pushes(const Disk& full) const {
    const std::string agent = "holdfast-agent --kubeconfig small/state/admin.conf --state-dir full/agent "
                              "--git-url http://holdfast-agent.argocd.svc/fleet.git --listen 127.0.0.1:18080";
    full.leave(0);
    expect_error(world, world.run(agent), 4,
                 "error HF-E-1009: the file system is full\n"
                 "  because: failed to initialize repository with template 'description': No space left on device\n"
                 "  nothing was changed\n"
                 "  fix:     free space on that file system, then run the same command again\n"
                 "  more:    holdfast explain HF-E-1009\n");
    full.leave_all();
    kubectl("create namespace argocd");
    kubectl("create serviceaccount holdfast-push -n argocd");
    const Background running(words(agent), {.timeout = seconds(0), .folder = world.path(), .environment = {}, .input = {}});
    const auto ready = [&] { return world.run("curl -sf http://127.0.0.1:18080/healthz").exit == 0; };
    ASSERT_TRUE(eventually(seconds(60), ready));
    const std::string push = "holdfast repo push --repo fleet --kubeconfig small/state/admin.conf --endpoint http://127.0.0.1:18080";
    const auto before = world.look("fleet");
    for (long pages = 0;; ++pages) {
      full.leave(pages);
      const auto refused = world.run(push);
      if (refused.exit == 0 && pages > 0) break;
      EXPECT_EQ(refused.exit, 4) << pages << " pages free\n" << refused.out << refused.err;
      ASSERT_EQ(code_in(refused.err), "HF-E-1009") << pages << " pages free\n" << refused.err;
      EXPECT_EQ(world.run("git ls-remote http://127.0.0.1:18080/fleet.git").out, "") << "no ref has moved";
      EXPECT_EQ(world.look("fleet"), before);
    }
    full.leave_all();
    EXPECT_TRUE(world.must(push).contains("main is at "));  // the push that had just enough room
    world.must("git clone -q http://127.0.0.1:18080/fleet.git published");
  }

  World world;
  std::unique_ptr<Disk> disk;
};

TEST_F(OnSimulated, PortsDisksAndRights) {
  expect_error(world, world.run(node_up), 4,
               "error HF-E-1009: the node needs N MiB of disk and 24 MiB are free\n"
               "  where:   ~/small/state\n"
               "  what was begun stays: the same command goes on from there\n"
               "  fix:     free space on that file system, then run the same command again\n"
               "  more:    holdfast explain HF-E-1009\n");
  disk->resize(long{2} << 30);
  {
    const auto taken = listen_on(6443);
    ASSERT_TRUE(taken) << "port 6443 is free in a new network namespace";
    expect_error(world, world.run(node_up), 4,
                 "error HF-E-1010: port 6443 is taken and kube-apiserver needs it\n"
                 "  what was begun stays: the same command goes on from there\n"
                 "  fix:     stop what listens there, or choose another port\n"
                 "  more:    holdfast explain HF-E-1010\n");
    EXPECT_FALSE(std::filesystem::exists(world.path("small/state/node/bin"))) << "unpacked before the port was tried";
  }
  const auto up = world.run(node_up);
  ASSERT_EQ(up.exit, 0) << up.out << up.err;

  world.write("old.toml", "kubernetes = \"<1.20.0\"\n" + world.read("small.toml"));
  world.must("holdfast bundle create -f old.toml -o old.hfb --sign-key maker.key");
  const auto old = world.run("holdfast install --bundle old.hfb --trust-dir trust --state-dir state --cluster demo --repo new --kubeconfig small/state/admin.conf");
  EXPECT_EQ(old.exit, 6) << old.err;
  EXPECT_TRUE(old.err.contains("error HF-E-2005: the bundle is for Kubernetes <1.20.0, the cluster runs v1.")) << old.err;
  EXPECT_TRUE(old.err.contains("\n  nothing was changed\n")) << old.err;

  make_nobody();
  const auto before = world.look("fleet");
  expect_error(world, world.run("holdfast install --bundle small.hfb --trust-dir trust --state-dir state --cluster demo --repo new --kubeconfig nobody.conf"), 4,
               "error HF-E-1005: installing the engine needs an administrator of the cluster\n"
               "  where:   https://127.0.0.1:6443\n"
               "  while:   checking what the installation needs\n"
               "  nothing was changed\n"
               "  fix:     use a kubeconfig whose user is bound to the ClusterRole cluster-admin\n"
               "  more:    holdfast explain HF-E-1005\n");
  EXPECT_FALSE(std::filesystem::exists(world.path("state")) || std::filesystem::exists(world.path("new")));
  expect_error(world, world.run("holdfast repo push --repo fleet --kubeconfig nobody.conf"), 4,
               "error HF-E-1005: the API server forbids to post /api/v1/namespaces/argocd/serviceaccounts/holdfast-push/token\n"
               "  while:   asking for a token of service account argocd/holdfast-push\n"
               "  because: serviceaccounts \"holdfast-push\" is forbidden: User \"system:serviceaccount:default:nobody\" cannot create resource "
               "\"serviceaccounts/token\" in API group \"\" in the namespace \"argocd\"\n"
               "  nothing was changed\n"
               "  fix:     ask an administrator of the cluster for the rights named above\n"
               "  more:    holdfast explain HF-E-1005\n");
  EXPECT_EQ(world.look("fleet"), before);
  const Disk full(world.path("full"), 4 << 20);
  full.leave(0);
  expect_error(world, world.run("holdfast install --bundle small.hfb --trust-dir trust --state-dir full/state --cluster demo --repo new "
                                "--kubeconfig small/state/admin.conf"), 4,
               "error HF-E-1009: the journal cannot be written\n"
               "  where:   ~/full/state/install/demo.journal\n"
               "  because: No space left on device\n"
               "  nothing was changed\n"
               "  fix:     free space on that file system, then run the same command again\n"
               "  more:    holdfast explain HF-E-1009\n");
  EXPECT_FALSE(std::filesystem::exists(world.path("new")));
  full.leave_all();

  refuse_agents();
  refuse_pushes(full);
}

}  // namespace
}  // namespace holdfast::e2e
