// SPDX-License-Identifier: Apache-2.0
// `holdfast node` on this machine: a real node in a network namespace without an uplink, and the
// simulated one. Everything a test makes lies in one temporary folder.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <sstream>

#include "harness.h"
#include "value/json.h"

namespace holdfast::e2e {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr std::string_view hello_manifest = R"({
  "apiVersion": "v1", "kind": "List", "items": [
    {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "hello"}, "spec": {
      "replicas": 2, "selector": {"matchLabels": {"app": "hello"}}, "template": {
        "metadata": {"labels": {"app": "hello"}}, "spec": {
          "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
          "containers": [{"name": "web", "image": "holdfast.local/hello:1", "imagePullPolicy": "IfNotPresent",
            "env": [{"name": "HELLO_MESSAGE", "value": "from the node test"}],
            "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
            "securityContext": {"readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false,
                                "capabilities": {"drop": ["ALL"]}}}]}}}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "hello"}, "spec": {
      "clusterIP": "10.96.7.7", "selector": {"app": "hello"}, "ports": [{"port": 80, "targetPort": 8080}]}}]})";

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.insert(line);
  return lines;
}

std::string content_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> names_in(const std::string& folder) {
  std::set<std::string> names;
  std::error_code problem;
  for (const auto& each : fs::directory_iterator(folder, problem)) names.insert(each.path().string());
  return names;
}

// All of a machine that a node touches outside its folder.
struct Surface {
  std::set<std::string> mounts, links, rules, routes, cgroups, folders;
  std::string kernel;

  // `cgroup`: the parent of the node's pods, "/holdfast-…"; other nodes have others.
  static Surface look(const std::string& cgroup) {
    Surface surface;
    surface.mounts = lines_of(content_of("/proc/self/mounts"));
    surface.links = lines_of(run({"ip", "-o", "-br", "link"}).out);
    surface.rules = lines_of(run({"nft", "--stateless", "list", "ruleset"}).out);
    surface.rules.merge(lines_of(content_of("/proc/self/net/ip_tables_names")));
    surface.routes = lines_of(run({"ip", "-4", "route", "show", "table", "all"}).out);
    surface.routes.merge(lines_of(run({"ip", "-4", "rule"}).out));
    for (const auto& hierarchy : names_in("/sys/fs/cgroup")) {
      if (fs::exists(hierarchy + cgroup)) surface.cgroups.insert(hierarchy);
    }
    for (const auto* folder : {"/run/holdfast-node", "/run/containerd", "/run/nri", "/var/lib/cni",
                               "/var/lib/kubelet", "/var/lib/containerd", "/var/log/containers",
                               "/var/log/pods"}) {
      if (fs::exists(folder)) surface.folders.insert(folder);
    }
    surface.folders.merge(names_in("/run/netns"));
    for (const auto* setting : {"ipv4/ip_forward", "bridge/bridge-nf-call-iptables", "ipv4/conf/all/route_localnet"}) {
      surface.kernel += fmt::format("{} {}", setting, content_of(fmt::format("/proc/sys/net/{}", setting)));
    }
    return surface;
  }

  void expect_same(const Surface& before) const {
    EXPECT_EQ(mounts, before.mounts);
    EXPECT_EQ(links, before.links);
    EXPECT_EQ(rules, before.rules);
    EXPECT_EQ(routes, before.routes);
    EXPECT_EQ(cgroups, before.cgroups);
    // Nothing new: what an earlier killed node left may have gone too.
    for (const auto& folder : folders) EXPECT_TRUE(before.folders.contains(folder)) << folder;
    EXPECT_EQ(kernel, before.kernel);
  }
};

// The node's own process namespace, and who is in it: other nodes may run on this machine.
std::string namespace_of(int pid) {
  std::error_code problem;
  return fs::read_symlink(fmt::format("/proc/{}/ns/pid", pid), problem).string();
}

std::vector<int> members_of(const std::string& name_space, const std::string& command = "") {
  std::vector<int> found;
  for (const auto& each : names_in("/proc")) {
    const int pid = std::atoi(each.substr(6).c_str());
    if (pid > 0 && namespace_of(pid) == name_space && content_of(each + "/cmdline").contains(command)) {
      found.push_back(pid);
    }
  }
  return found;
}

// A process of the machine; `started` in ticks since boot, so that a number that is used again is told apart.
struct Process {
  int pid = 0, parent = 0;
  long started = 0;
};

std::vector<Process> all_processes() {
  std::vector<Process> found;
  for (const auto& each : names_in("/proc")) {
    if (std::atoi(each.substr(6).c_str()) == 0) continue;
    const auto stat = content_of(each + "/stat");
    const auto name_end = stat.rfind(')');
    if (name_end == std::string::npos) continue;  // gone by now
    std::istringstream fields(stat.substr(name_end + 1));
    const std::vector<std::string> words{std::istream_iterator<std::string>(fields), {}};
    if (words.size() > 19) found.push_back({std::atoi(each.substr(6).c_str()), std::stoi(words[1]), std::stol(words[19])});
  }
  return found;
}

std::set<std::string> namespaces_of(int pid) {
  std::set<std::string> found;
  for (const auto* kind : {"cgroup", "ipc", "mnt", "net", "pid", "uts"}) {
    std::error_code problem;
    const auto name = fs::read_symlink(fmt::format("/proc/{}/ns/{}", pid, kind), problem).string();
    if (!problem) found.insert(name);
  }
  return found;
}

// The namespaces of a process and all its descendants that are not this test's own.
std::set<std::string> namespaces_under(int root) {
  std::set<int> family{root};
  const auto processes = all_processes();
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& each : processes) grown |= family.contains(each.parent) && family.insert(each.pid).second;
  }
  std::set<std::string> found;
  for (const int pid : family) found.merge(namespaces_of(pid));
  for (const auto& own : namespaces_of(::getpid())) found.erase(own);
  return found;
}

long ticks_since_boot() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  const long per_second = ::sysconf(_SC_CLK_TCK);
  return now.tv_sec * per_second + now.tv_nsec * per_second / 1'000'000'000;
}

// Who, of the processes older than `moment`, still lives in one of these namespaces.
std::vector<std::string> inhabitants(const std::set<std::string>& namespaces, long moment) {
  std::vector<std::string> found;
  for (const auto& each : all_processes()) {
    if (each.started > moment) continue;
    for (const auto& name : namespaces_of(each.pid)) {
      if (namespaces.contains(name)) found.push_back(fmt::format("{} {} {}", each.pid, name, content_of(fmt::format("/proc/{}/cmdline", each.pid))));
    }
  }
  return found;
}

class Node {
 public:
  explicit Node(std::string state_dir, std::vector<std::string> extra = {})
      : state_dir_(std::move(state_dir)), extra_(std::move(extra)) {}
  ~Node() { static_cast<void>(down("remove")); }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  [[nodiscard]] std::vector<std::string> up_command() const {
    std::vector<std::string> argv{program("holdfast"), "node", "up", "--state-dir", state_dir_,
                                  "--components", node_file("."), "-o", "json"};
    argv.insert(argv.end(), extra_.begin(), extra_.end());
    return argv;
  }

  [[nodiscard]] Ran up() const { return run(up_command(), {.timeout = seconds(200)}); }

  [[nodiscard]] Ran down(const std::string& data) const {
    return run({program("holdfast"), "node", "down", "--state-dir", state_dir_, "--data", data});
  }

  [[nodiscard]] Value status() const {
    const auto ran = run({program("holdfast"), "node", "status", "--state-dir", state_dir_, "-o", "json"});
    return json::parse(ran.out, "status").value_or(Value());
  }

  [[nodiscard]] Ran kubectl(std::vector<std::string> arguments, const std::string& input = "") const {
    std::vector<std::string> argv{node_file("kube"), "kubectl", "--kubeconfig", state_dir_ + "/admin.conf"};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return run(argv, {.timeout = seconds(60), .input = input});
  }

 private:
  std::string state_dir_;
  std::vector<std::string> extra_;
};

// The last JSON document of the output is the command's result.
Value result_of(const Ran& ran) {
  std::string last;
  for (std::istringstream stream(ran.out); std::getline(stream, last, '\n');) {
    if (last.contains("\"nodeReadySeconds\"")) break;
  }
  return json::parse(last, "result").value_or(Value());
}

double seconds_of(const Value& result, std::string_view key) {
  const Value* found = result.find(key);
  return found != nullptr && found->as_real() != nullptr ? *found->as_real() : -1;
}

int process_of(const std::string& state_dir, std::string_view which) {
  const auto value = json::parse(content_of(state_dir + "/node/run/supervisor.json"), "supervisor");
  const Value* pid = value ? value->find(which) : nullptr;
  return pid != nullptr && pid->as_int() != nullptr ? static_cast<int>(*pid->as_int()) : 0;
}

std::string cgroup_of(const std::string& state_dir) {
  const auto value = json::parse(content_of(state_dir + "/node/plan.json"), "plan");
  return value ? std::string(value->text({"cgroup"})) : "";
}

std::optional<std::string> skip_reason;  // NOLINT: set once by main before the tests

class RealNode : public testing::Test {
 protected:
  void SetUp() override {
    if (skip_reason) GTEST_SKIP() << *skip_reason;
  }
};

// The counters are the judge of "offline": a test that could not fail would prove nothing.
TEST_F(RealNode, IsJudgedByCountersThatSeeAPacketLeaveAndAQuestionAsked) {
  const auto send = [](std::string_view family, std::string_view address, int port) {
    return run({"python3", "-c", fmt::format("import socket;socket.socket(socket.{},socket.SOCK_DGRAM).sendto(b'0123456789ab',('{}',{}))",
                                             family, address, port)}).exit;
  };
  struct Row { std::string_view family, address; int port, packets, questions; };
  for (const auto& row : {Row{"AF_INET", "192.0.2.1", 9, 1, 0}, Row{"AF_INET", "192.0.2.1", 53, 1, 1},
                          Row{"AF_INET", "127.0.0.53", 53, 0, 1}, Row{"AF_INET6", "::1", 53, 0, 1},
                          Row{"AF_INET", "127.0.0.1", 9, 0, 0}}) {
    const long packets = uplink_packets(), questions = outside_questions();
    ASSERT_EQ(send(row.family, row.address, row.port), 0) << row.address;
    EXPECT_EQ(uplink_packets() - packets, row.packets) << row.address << " port " << row.port;
    EXPECT_EQ(outside_questions() - questions, row.questions) << row.address << " port " << row.port;
  }
}

TEST_F(RealNode, RunsPodsServicesAndNamesOfflineAndGoesWithoutATrace) {
  const TemporaryFolder folder{"node"};
  const auto before = Surface::look("/none");
  const long packets_before = uplink_packets(), questions_before = outside_questions();
  std::string inside, cgroup;
  std::set<std::string> namespaces;
  long moment = 0;
  {
    const Node node(folder.path("state"));
    const auto up = node.up();
    ASSERT_EQ(up.exit, 0) << up.out << up.err;
    const auto result = result_of(up);
    std::cout << fmt::format("API ready after {:.1f} s, node Ready after {:.1f} s\n",
                             seconds_of(result, "apiReadySeconds"), seconds_of(result, "nodeReadySeconds"));
    EXPECT_EQ(node.kubectl({"apply", "-f", "-"}, std::string(hello_manifest)).exit, 0);
    const auto rolled = node.kubectl({"rollout", "status", "deployment/hello", "--timeout=120s"});
    ASSERT_EQ(rolled.exit, 0) << rolled.out << rolled.err << node.kubectl({"describe", "pods"}).out;
    const auto answer = eventually(seconds(10), [] {
      const auto curl = run({"curl", "-s", "-m", "2", "http://10.96.7.7/"});
      return curl.exit == 0 ? std::optional(curl.out) : std::nullopt;
    });
    EXPECT_EQ(answer.value_or("nothing"), "from the node test\n");
    // A stock resolver's question, answered by cluster DNS through kube-proxy's rules.
    const auto name = run({"python3", "-c",
                           "import socket,struct\n"
                           "def ask(n):\n"
                           " q=struct.pack('>6H',7,256,1,0,0,0)+b''.join(bytes([len(p)])+p.encode() for p in n.split('.'))+b'\\0\\0\\1\\0\\1'\n"
                           " s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM);s.settimeout(3);s.sendto(q,('10.96.0.10',53));a=s.recv(512)\n"
                           " return '%d %s'%(a[3]&15,'.'.join(map(str,a[-4:])) if a[7] else '-')\n"
                           "print(ask('hello.default.svc.cluster.local'));print(ask('example.com'))"});
    EXPECT_EQ(name.out, "0 10.96.7.7\n3 -\n") << name.err;
    EXPECT_EQ(node.kubectl({"logs", "-n", "kube-system", "deployment/coredns"}).exit, 0);

    inside = namespace_of(process_of(folder.path("state"), "inner"));
    cgroup = cgroup_of(folder.path("state"));
    EXPECT_FALSE(Surface::look(cgroup).cgroups.empty());
    EXPECT_NE(inside, namespace_of(1));
    const auto members = members_of(inside);
    EXPECT_GE(members.size(), 10U);
    const auto again = node.up();
    EXPECT_EQ(again.exit, 0) << again.err;
    EXPECT_EQ(members_of(inside), members) << "a second time starts nothing";
    struct stat state {};
    ASSERT_EQ(::stat(folder.path("state/admin.conf").c_str(), &state), 0);
    EXPECT_EQ(state.st_mode & 0777, 0600U);
    EXPECT_EQ(uplink_packets(), packets_before) << "packets left by the uplink";
    EXPECT_EQ(outside_questions(), questions_before) << "somebody outside was asked for a name";
    namespaces = namespaces_under(process_of(folder.path("state"), "pid"));
    EXPECT_GE(namespaces.size(), 10U) << "of the node and of three pods";
    moment = ticks_since_boot();
    const auto down = node.down("remove");
    EXPECT_EQ(down.exit, 0) << down.err;
  }
  EXPECT_EQ(inhabitants(namespaces, moment), std::vector<std::string>{});
  EXPECT_EQ(processes_with(folder.path("state")), std::vector<int>{});
  EXPECT_EQ(members_of(inside), std::vector<int>{});
  Surface::look(cgroup).expect_same(before);
  EXPECT_EQ(names_in(folder.path("state")), std::set<std::string>{});
}

TEST_F(RealNode, RestartsAComponentThatDies) {
  const TemporaryFolder folder{"node"};
  const Node node(folder.path("state"));
  const auto up = node.up();
  ASSERT_EQ(up.exit, 0) << up.err;
  const auto inside = namespace_of(process_of(folder.path("state"), "inner"));
  const auto schedulers = members_of(inside, "kube-scheduler");
  ASSERT_EQ(schedulers.size(), 1U);
  ASSERT_EQ(::kill(schedulers.front(), SIGKILL), 0);
  EXPECT_TRUE(eventually(seconds(60), [&node] {
    const auto text = json::write(node.status());
    return text.contains(R"("lastExit":"signal 9")") && text.contains(R"("restarts":1,"state":"running")");
  })) << json::write(node.status());
}

TEST_F(RealNode, ComesBackAfterItsSupervisorOrTheCommandWasKilled) {
  const TemporaryFolder folder{"node"};
  const auto before = Surface::look("/none");
  const Node node(folder.path("state"));
  // The command is killed while it works, at moments spread over a whole run.
  for (const int pauses : {2, 20, 60}) {
    Background up(node.up_command());
    for (int i = 0; i < pauses; ++i) pause_briefly();
    up.kill_now();
  }
  const auto up = node.up();
  ASSERT_EQ(up.exit, 0) << up.err;
  ASSERT_EQ(node.kubectl({"create", "configmap", "kept", "--from-literal=a=b"}).exit, 0);

  const int supervisor = process_of(folder.path("state"), "pid");
  ASSERT_GT(supervisor, 1);
  ASSERT_EQ(::kill(supervisor, SIGKILL), 0);
  const auto mended = node.up();
  ASSERT_EQ(mended.exit, 0) << mended.err;
  EXPECT_EQ(node.kubectl({"get", "configmap", "kept", "-o", "jsonpath={.data.a}"}).out, "b");

  const auto cgroup = cgroup_of(folder.path("state"));
  ASSERT_EQ(node.down("keep").exit, 0);
  Surface::look(cgroup).expect_same(before);
  const auto third = node.up();
  ASSERT_EQ(third.exit, 0) << third.err;
  EXPECT_EQ(node.kubectl({"get", "configmap", "kept", "-o", "jsonpath={.data.a}"}).out, "b");
  EXPECT_EQ(node.down("remove").exit, 0);
  EXPECT_EQ(node.down("remove").exit, 0) << "a second time";
}

class SimulatedNode : public testing::Test {
 protected:
  void SetUp() override {
    if (const auto reason = why_no_simulated_node()) GTEST_SKIP() << *reason;
  }
};

TEST_F(SimulatedNode, RunsPodsThatDoNothingAndSaysSo) {
  const TemporaryFolder folder{"node"};
  const Node node(folder.path("state"), {"--mode", "simulated", "--api-port", "26443"});
  const auto up = node.up();
  ASSERT_EQ(up.exit, 0) << up.out << up.err;
  EXPECT_TRUE(up.out.contains("simulated")) << up.out;
  std::cout << fmt::format("simulated node Ready after {:.1f} s\n",
                           seconds_of(result_of(up), "nodeReadySeconds"));
  EXPECT_EQ(node.kubectl({"apply", "-f", "-"}, std::string(hello_manifest)).exit, 0);
  EXPECT_EQ(node.kubectl({"rollout", "status", "deployment/hello", "--timeout=30s"}).exit, 0);
  EXPECT_EQ(node.kubectl({"delete", "deployment", "hello", "--wait"}).exit, 0);
  EXPECT_EQ(node.down("remove").exit, 0);
  EXPECT_EQ(processes_with(folder.path("state")), std::vector<int>{});
}

TEST_F(SimulatedNode, IsTakenAwayAndMadeAgainAfterItsFolderWasDeletedByHand) {
  const TemporaryFolder folder{"node"};
  const Node node(folder.path("state"), {"--mode", "simulated", "--api-port", "26443"});
  const auto up = node.up();
  ASSERT_EQ(up.exit, 0) << up.out << up.err;
  fs::remove_all(folder.path("state"));
  const auto again = node.up();
  ASSERT_EQ(again.exit, 0) << again.out << again.err;
  fs::remove_all(folder.path("state"));
  const auto down = node.down("remove");
  EXPECT_EQ(down.exit, 0) << down.out << down.err;
  EXPECT_EQ(processes_with(folder.path("state")), std::vector<int>{});
}

TEST_F(SimulatedNode, IsNotMadeIntoARealOneOverItsData) {
  const TemporaryFolder folder{"node"};
  const Node node(folder.path("state"), {"--mode", "simulated", "--api-port", "26443"});
  ASSERT_EQ(node.up().exit, 0);
  const auto other = Node(folder.path("state"), {"--mode", "containers"}).up();
  EXPECT_EQ(other.exit, 4) << other.out << other.err;
  EXPECT_TRUE(other.err.contains("the node in this folder is simulated")) << other.err;
}

TEST(NodeRefusals, NameWhatIsWrongAndChangeNothing) {
  const TemporaryFolder folder{"node"};
  const auto none = run({program("holdfast"), "node", "up", "--state-dir", folder.path("s"), "--components",
                         folder.path("none")});
  EXPECT_EQ(none.exit, 2) << none.err;
  EXPECT_TRUE(none.err.contains("there is no folder of node programs")) << none.err;
  const auto mode = run({program("holdfast"), "node", "up", "--mode", "real", "--components", "x"});
  EXPECT_EQ(mode.exit, 2) << mode.err;
  const auto status = run({program("holdfast"), "node", "status", "--state-dir", folder.path("s")});
  EXPECT_EQ(status.exit, 1) << status.err;
  EXPECT_FALSE(fs::exists(folder.path("s")));
}

}  // namespace
}  // namespace holdfast::e2e

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  holdfast::e2e::skip_reason = holdfast::e2e::why_no_node();
  if (!holdfast::e2e::skip_reason) holdfast::e2e::skip_reason = holdfast::e2e::enter_isolated_network();
  return RUN_ALL_TESTS();
}
