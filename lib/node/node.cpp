// SPDX-License-Identifier: Apache-2.0
#include "node/node.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>

#include "base/text.h"
#include "node/configuration.h"
#include "node/files.h"
#include "node/identity.h"
#include "node/install.h"
#include "node/machine.h"
#include "node/process.h"
#include "node/system_unit.h"
#include "value/json.h"

namespace holdfast::node {
namespace {

constexpr auto poll_every = std::chrono::milliseconds(100);
constexpr auto stop_within = std::chrono::seconds(30);

Result<std::vector<ComponentStatus>> component_states(const Layout& layout) {
  std::vector<ComponentStatus> states;
  const auto text = read_file(layout.status());
  if (!text) return states;
  const bool supervised = is_locked(layout.supervisor_lock());
  const Value value = TRY(json::parse(*text, layout.status()));
  const Value* components = value.find("components");
  if (components == nullptr || components->as_array() == nullptr) return states;
  for (const auto& each : *components->as_array()) {
    const auto number = [&each](std::string_view key) {
      const Value* found = each.find(key);
      return found != nullptr && found->as_int() != nullptr ? *found->as_int() : 0;
    };
    states.push_back({std::string(each.text({"name"})),
                      supervised ? std::string(each.text({"state"})) : "stopped",
                      supervised ? number("pid") : 0, number("restarts"),
                      std::string(each.text({"lastExit"})), std::string(each.text({"log"}))});
  }
  return states;
}

// One node being brought up: what every wait needs.
struct Bringing {
  const Layout layout;
  const Plan plan;
  const Clock& clock;
  const Progress& progress;
  const SteadyTime deadline;
};

// What is known about why a node does not come up: the component that died or is not ready, its log,
// its last words.
Error explain_stuck(const Bringing& node, Error error) {
  const auto states = component_states(node.layout);
  if (!states) return error;
  for (const auto& component : *states) {
    if (component.state == "running" && component.restarts == 0) continue;
    error = std::move(error).at(fmt::format("{}: {}, {} restarts{}{}", component.name, component.state,
                                            component.restarts, component.last_exit.empty() ? "" : ", ",
                                            component.last_exit));
    error = std::move(error).at(component.log);
    const auto log = read_file(component.log);
    if (log) error = std::move(error).because(last_lines(*log, 3));
    return error;
  }
  return error;
}

// Asks `question` until it answers with nothing left to wait for. It returns what it still waits for.
Result<> wait_until(const Bringing& node, const std::function<Result<std::string>()>& question) {
  std::string reason;
  while (true) {
    if (!is_locked(node.layout.supervisor_lock())) {
      auto error = Error(Code::node_component, "the node's supervisor ended");
      if (const auto refusal = read_file(node.layout.host + "/run/refusal.txt")) {
        error = std::move(error).because(std::string(trim(*refusal)));
      }
      return failure(explain_stuck(node, std::move(error).at(node.layout.host + "/log/supervisor.log")));
    }
    reason = TRY(question());
    if (reason.empty()) return {};
    node.progress.waiting(reason);
    if (node.clock.steady() > node.deadline) break;
    pause_for(poll_every);
  }
  return failure(explain_stuck(node, Error(Code::timed_out, fmt::format("the node did not come up: waited for {}", reason))));
}

Result<Identity> identity_of(const Bringing& node) {
  const auto found = find_supervisor(node.layout);
  if (!found) return failure(Code::node_component, "the node's supervisor ended");
  return *found;
}

Result<> wait_for_supervisor(const Layout& layout, const Clock& clock, const Plan& plan) {
  const auto deadline = clock.steady() + std::chrono::seconds(10);
  while (clock.steady() < deadline) {
    const auto found = find_supervisor(layout);
    if (found && found->generation == plan.generation) return {};
    pause_for(std::chrono::milliseconds(10));
  }
  auto error = Error(Code::node_component, "the node's supervisor did not start");
  const auto log = read_file(layout.host + "/log/supervisor.log");
  if (log) error = std::move(error).because(last_lines(*log, 3));
  return failure(std::move(error).at(layout.host + "/log/supervisor.log"));
}

Result<std::string> component_missing(const Bringing& node, std::string_view name) {
  const auto states = TRY(component_states(node.layout));
  for (const auto& component : states) {
    if (component.name == name && component.state == "running") return "";
    if (component.name == name) return fmt::format("{} ({})", name, component.state);
  }
  return fmt::format("{} (not started)", name);
}

Result<std::string> api_missing(const Bringing& node) {
  const auto missing = TRY(component_missing(node, "kube-apiserver"));
  if (!missing.empty()) return missing;
  const auto identity = TRY(identity_of(node));
  const auto answer = TRY(run(kubectl(node.plan, identity, {"get", "--raw", "/readyz"})));
  if (answer.exit == 0) return "";
  return "kube-apiserver: " + last_lines(answer.output, 1);
}

Result<std::string> node_missing(const Bringing& node) {
  const auto identity = TRY(identity_of(node));
  const auto answer = TRY(run(kubectl(
      node.plan, identity,
      {"get", "node", node.plan.node_name, "-o",
       "jsonpath={range .status.conditions[?(@.type==\"Ready\")]}{.status} {.message}{end}"})));
  if (answer.output.starts_with("True ")) return "";
  return fmt::format("Node \"{}\" to become Ready: {}", node.plan.node_name, last_lines(answer.output, 1));
}

Result<std::string> dns_missing(const Bringing& node) {
  const auto identity = TRY(identity_of(node));
  const auto answer = TRY(run(kubectl(
      node.plan, identity,
      {"-n", "kube-system", "get", "deployment", "coredns", "-o",
       "jsonpath={.metadata.generation} {.status.observedGeneration} {.status.updatedReplicas} "
       "{.status.availableReplicas} {.status.replicas}"})));
  const auto fields = split(trim(answer.output), ' ');
  const bool observed = fields.size() == 5 && fields[0] == fields[1];
  if (observed && fields[2] == "1" && fields[3] == "1" && fields[4] == "1") return "";
  return "Deployment kube-system/coredns to become available";
}

bool is_node_ready(const Plan& plan, const Layout& layout) {
  const auto identity = find_supervisor(layout);
  if (!identity) return false;
  const auto answer = run(kubectl(
      plan, *identity,
      {"get", "node", plan.node_name, "-o",
       "jsonpath={range .status.conditions[?(@.type==\"Ready\")]}{.status}{end}"}));
  return answer && answer->output == "True";
}

Result<> apply_objects(const Bringing& node, const Value& objects, std::vector<std::string> arguments) {
  const auto identity = TRY(identity_of(node));
  Command command = kubectl(node.plan, identity, std::move(arguments));
  command.input = [text = json::write(objects)](int fd) -> Result<> {
    std::string_view rest = text;
    while (!rest.empty()) {
      const auto count = ::write(fd, rest.data(), rest.size());
      if (count <= 0) return failure(system_failure(Code::node_component, "kubectl ended early"));
      rest.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
  };
  const auto answer = TRY(run(command));
  if (answer.exit == 0 || answer.output.contains("AlreadyExists")) return {};
  return failure(Error(Code::node_component, "the API server refused the node's own objects")
                     .because(last_lines(answer.output, 3)));
}

bool is_port_free(std::uint16_t port) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_ANY);
  sockaddr generic{};
  std::memcpy(&generic, &address, sizeof generic);
  return ::bind(socket.get(), &generic, sizeof address) == 0;
}

Result<> check_ports(const Settings& settings) {
  std::vector<std::pair<std::string_view, std::uint16_t>> ports{
      {"kube-apiserver", settings.ports.api},
      {"etcd", settings.ports.etcd},
      {"etcd", settings.ports.etcd_peer},
      {"kube-controller-manager", settings.ports.controller_manager},
      {"kube-scheduler", settings.ports.scheduler}};
  if (settings.simulated) {
    ports.emplace_back("kwok", settings.ports.kwok);
    ports.emplace_back("the program beside the node", settings.ports.beside);
  } else {
    ports.emplace_back("kubelet", 10250);
    ports.emplace_back("kubelet", 10248);
    ports.emplace_back("kube-proxy", 10256);
  }
  for (const auto& [who, port] : ports) {
    if (is_port_free(port)) continue;
    return failure(Error(Code::port_in_use, fmt::format("port {} is taken and {} needs it", port, who)));
  }
  return {};
}

// Also waits for one that was killed and is still being taken down, and ends those whose folder was
// deleted under them: they still hold the ports.
Result<> stop_supervisor(const Layout& layout, const Clock& clock, const Progress& progress) {
  const auto found = find_supervisor(layout);
  if (found) ::kill(found->supervisor, SIGTERM);
  for (const pid_t each : supervisors_of(layout.state)) {
    if (!found || each != found->supervisor) ::kill(each, SIGTERM);
  }
  const auto patience = clock.steady() + stop_within;
  while (true) {
    const auto living = supervisors_of(layout.state);
    if (living.empty() && !is_locked(layout.supervisor_lock())) return {};
    progress.waiting("the processes of the node as it was to end");
    if (clock.steady() > patience) {
      if (found) ::kill(found->supervisor, SIGKILL);
      for (const pid_t each : living) ::kill(each, SIGKILL);
    }
    if (clock.steady() > patience + stop_within) {
      return failure(Error(Code::timed_out, "the processes of the node as it was do not end")
                         .at(layout.supervisor_lock()));
    }
    pause_for(std::chrono::milliseconds(20));
  }
}

Result<> start_supervisor(const Settings& settings, const Machine& machine) {
  std::error_code problem;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", problem).string();
  const auto& layout = settings.layout;
  // Not in a network namespace of a test: systemd would start it in the host's.
  const bool hosts_network = std::filesystem::read_symlink("/proc/1/ns/net", problem) ==
                             std::filesystem::read_symlink("/proc/thread-self/ns/net", problem);
  if (machine.systemd && machine.root && hosts_network && !settings.simulated) return start_unit(program, layout.state);
  TRY(make_folder(layout.host + "/log", 0711));
  return start_detached({program, "node", "supervise", "--state-dir", layout.state},
                        layout.host + "/log/supervisor.log");
}

Result<> enter_network(const std::string& name) {
  if (name.empty()) return {};
  const std::string path = "/run/netns/" + name;
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file || ::setns(file.get(), CLONE_NEWNET) != 0) {
    return failure(system_failure(Code::node_capability, fmt::format("cannot enter the network namespace \"{}\"", name)));
  }
  return {};
}

Result<> import_own_images(const Bringing& node, const Components& components) {
  std::vector<ImageArchive> images;
  for (const auto& file : components.files()) {
    if (!file.name.starts_with("images/")) continue;
    images.push_back({file.name, file.digest, [&components, &file](int fd) { return components.copy(file, fd); }});
  }
  TRY(import_images(node.layout.state, images, node.progress));
  return {};
}

Result<std::string> version_of(const Bringing& node) {
  const auto identity = TRY(identity_of(node));
  const auto text = TRY(run_checked(kubectl(node.plan, identity, {"get", "--raw", "/version"})));
  const Value value = TRY(json::parse(text, "/version"));
  return std::string(value.text({"gitVersion"}));
}

Result<> bring_up(const Bringing& node, const Components& components, const Settings& settings,
                  Report& report) {
  const auto started = node.clock.steady();
  if (!settings.simulated) {
    TRY(wait_until(node, [&] { return component_missing(node, "containerd"); }));
    TRY(import_own_images(node, components));
  }
  TRY(wait_until(node, [&] { return api_missing(node); }));
  report.api_ready = node.clock.steady() - started;
  report.version = TRY(version_of(node));
  if (settings.simulated) TRY(apply_objects(node, render_simulated_node(settings), {"create", "--validate=false", "-f", "-"}));
  TRY(wait_until(node, [&] { return node_missing(node); }));
  report.node_ready = node.clock.steady() - started;
  if (settings.simulated) return {};
  // The objects are ours: the schema of everything need not be fetched from a server that has just begun.
  TRY(apply_objects(node, render_dns(settings),
                    {"apply", "--validate=false", "--server-side", "--force-conflicts", "--field-manager=holdfast-node",
                     "-f", "-"}));
  return wait_until(node, [&] { return dns_missing(node); });
}

// A node stays what it is: its data and its paths would not fit the other kind.
Result<Mode> mode_of(const Options& options) {
  const auto plan = find_plan(Layout::containers(options.state_dir));
  if (!plan) return options.mode;
  const Mode there = plan->simulated ? Mode::simulated : Mode::containers;
  if (options.mode == Mode::automatic || options.mode == there) return there;
  return failure(Error(Code::node_state, plan->simulated ? "the node in this folder is simulated"
                                                         : "the node in this folder runs containers")
                     .at(options.state_dir)
                     .fix(fmt::format("holdfast node down --data remove --state-dir {}", options.state_dir)));
}

Result<Settings> settle(const Options& options, const Machine& machine) {
  Options settled = options;
  settled.mode = TRY(mode_of(options));
  return decide(settled, machine);
}

std::vector<std::string> why_simulated(const Options& options, const Settings& settings, const Machine& machine) {
  const bool asked = options.mode == Mode::simulated;
  return settings.simulated && !asked ? why_no_containers(machine) : std::vector<std::string>();
}

}  // namespace

Result<Choice> choose(const Options& options) {
  const Machine machine = look_at_machine();
  const auto settings = TRY(settle(options, machine));
  return Choice{settings.simulated, why_simulated(options, settings, machine)};
}

Result<Report> up(const Options& options, const Components& components, const Clock& clock,
                  const Progress& progress) {
  const auto began = clock.steady();
  TRY(enter_network(options.network_namespace));
  const Machine machine = look_at_machine();
  const Settings settings = TRY(settle(options, machine));
  const Layout& layout = settings.layout;
  TRY(make_folder(layout.host, 0711));
  const FileDescriptor lock = TRY(lock_file(layout.command_lock()));

  Report report;
  report.simulated = settings.simulated;
  report.why_simulated = why_simulated(options, settings, machine);
  report.port_beside = settings.ports.beside;
  for (const auto workaround : settings.workarounds) {
    report.workarounds.emplace_back(explain(workaround));
  }
  // Before anything is unpacked; supervisors of ours may hold them and are stopped first below.
  if (!find_supervisor(layout) && supervisors_of(layout.state).empty()) TRY(check_ports(settings));
  const Plan plan = TRY(install(settings, components, clock, progress));
  const auto running = find_supervisor(layout);
  if (!running || running->generation != plan.generation) {
    TRY(stop_supervisor(layout, clock, progress));
    TRY(check_ports(settings));
    TRY(start_supervisor(settings, machine));
    TRY(wait_for_supervisor(layout, clock, plan));
  }
  const Bringing node{layout, plan, clock, progress, began + options.timeout};
  const auto before = clock.steady() - began;
  TRY(bring_up(node, components, settings, report));
  report.api_ready += before;
  report.node_ready += before;
  report.kubeconfig = layout.admin_config();
  report.api = plan.api;
  report.node = plan.node_name;
  return report;
}

bool is_simulated(const std::string& state_dir) {
  const auto plan = find_plan(Layout::containers(state_dir));
  return plan && plan->simulated;
}

Result<Status> status(const std::string& state_dir) {
  Status status;
  const auto layout = Layout::containers(state_dir);
  const auto plan = find_plan(layout);
  if (!plan) return status;
  status.installed = true;
  status.simulated = plan->simulated;
  status.api = plan->api;
  status.node = plan->node_name;
  status.kubeconfig = layout.admin_config();
  status.workarounds = plan->workarounds;
  status.components = TRY(component_states(layout));
  status.supervised = is_locked(layout.supervisor_lock());
  status.ready = status.supervised && is_node_ready(*plan, layout);
  return status;
}

Result<int> import_images(const std::string& state_dir, const std::vector<ImageArchive>& images,
                          const Progress& progress) {
  const auto layout = Layout::containers(state_dir);
  const auto plan = find_plan(layout);
  const auto identity = find_supervisor(layout);
  if (!plan || !identity) return failure(Code::node_state, "no node runs from \"{}\"", state_dir);
  if (plan->simulated) return 0;
  const std::string record_path = layout.host + "/data/images.json";
  Value record = Object{};
  if (const auto text = read_file(record_path)) record = json::parse(*text, record_path).value_or(Object{});
  const std::string socket = plan->inside + "/run/containerd.sock";
  int loaded = 0;
  for (const auto& image : images) {
    if (!image.digest.empty() && record.text({image.name}) == image.digest) continue;
    progress.waiting(fmt::format("image {} to be loaded", image.name));
    Command command = command_in_node(
        *plan, *identity, {plan->inside + "/bin/ctr", "-a", socket, "-n", "k8s.io", "images", "import",
                           "--label", "io.cri-containerd.pinned=pinned", "-"});
    command.input = image.write;
    command.timeout = std::chrono::minutes(5);
    TRY(run_checked(command), "loading image \"{}\"", image.name);
    record[image.name] = image.digest;
    TRY(write_file(record_path, json::write_indented(record), 0644));
    ++loaded;
  }
  return loaded;
}

}  // namespace holdfast::node
