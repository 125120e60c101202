// SPDX-License-Identifier: Apache-2.0
#include "node/supervisor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/log.h"
#include "node/files.h"
#include "value/json.h"

namespace holdfast::node {
namespace {

constexpr auto first_back_off = std::chrono::milliseconds(500);
constexpr auto longest_back_off = std::chrono::seconds(30);
constexpr auto healthy_after = std::chrono::seconds(60);  // a life this long forgets earlier deaths
constexpr auto readiness_every = std::chrono::milliseconds(25);
constexpr auto grace = std::chrono::seconds(3);

bool answers(int family, const sockaddr* address, socklen_t size) {
  const FileDescriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return socket && ::connect(socket.get(), address, size) == 0;
}

// Connections over loopback complete at once or are refused.
bool port_answers(std::uint16_t port) {
  const FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr generic{};
  std::memcpy(&generic, &address, sizeof generic);
  return socket && ::connect(socket.get(), &generic, sizeof address) == 0;
}

bool socket_answers(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return answers(AF_UNIX, reinterpret_cast<const sockaddr*>(&address), sizeof address);  // NOLINT
}

bool is_ready(const PlannedComponent& component) {
  if (component.ready_port != 0) return port_answers(component.ready_port);
  if (!component.ready_socket.empty()) return socket_answers(component.ready_socket);
  return true;
}

std::string describe_exit(int status) {
  if (WIFEXITED(status)) return fmt::format("exit code {}", WEXITSTATUS(status));
  return fmt::format("signal {}", WTERMSIG(status));
}

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(char* const* argv, char* const* environment, int output) {
  ::setsid();
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int none = ::open("/dev/null", O_RDONLY);
  ::dup2(none, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  sigset_t empty;
  ::sigemptyset(&empty);
  ::sigprocmask(SIG_SETMASK, &empty, nullptr);
  ::execve(argv[0], argv, environment);
  ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace

Supervisor::Supervisor(Plan plan, Reaping reaping, FileDescriptor signals, FileDescriptor lifeline,
                       const Clock& clock)
    : plan_(std::move(plan)),
      reaping_(reaping),
      signals_(std::move(signals)),
      lifeline_(std::move(lifeline)),
      clock_(clock) {}

Result<> Supervisor::run() {
  TRY(open_logs());
  adopt_beside();
  do {
    reap();
    start_due();
    ask_readiness();
    write_status();
  } while (wait_for_events());
  stop_all();
  write_status();
  return {};
}

Result<> Supervisor::open_logs() {
  for (const auto& each : plan_.components) {
    LogFile log = TRY(LogFile::open(fmt::format("{}/log/{}.log", plan_.host, each.name)));
    components_.push_back(Component{each, std::move(log)});
  }
  return {};
}

// Ends what is no longer listed or was changed, and adds what is missing; what runs as it should goes on.
void Supervisor::adopt_beside() {
  auto wanted = load_beside(plan_.host);
  const auto same = [](const PlannedComponent& a, const PlannedComponent& b) {
    return a.name == b.name && a.argv == b.argv && a.stamp == b.stamp;
  };
  std::vector<std::string> leaving;
  for (const auto& component : components_) {
    const bool stays = std::ranges::any_of(wanted, [&](const auto& each) { return same(each, component.plan); });
    if (component.beside && !stays) leaving.push_back(component.plan.name);
  }
  wait_for_end(leaving, grace);
  std::erase_if(components_, [&](const Component& component) {
    return component.beside && std::ranges::find(leaving, component.plan.name) != leaving.end();
  });
  for (auto& each : wanted) {
    // Nobody takes the name, and so the log, of a component of the node.
    if (std::ranges::find(components_, each.name, [](const auto& c) { return c.plan.name; }) != components_.end()) continue;
    auto log = LogFile::open(fmt::format("{}/log/{}.log", plan_.host, each.name));
    if (log) components_.push_back(Component{.plan = std::move(each), .log = *std::move(log), .beside = true});
  }
}

bool Supervisor::may_start(const Component& component) const {
  return std::ranges::all_of(component.plan.after, [&](const std::string& name) {
    const auto before = std::ranges::find(components_, name, [](const auto& c) { return c.plan.name; });
    return before == components_.end() || before->ready;
  });
}

void Supervisor::start_due() {
  const auto now = clock_.steady();
  for (auto& component : components_) {
    const bool due = component.state == State::waiting ||
                     (component.state == State::backing_off && component.start_again <= now);
    if (!due || !may_start(component)) continue;
    if (const auto started = start(component); !started) {
      component.log.append(fmt::format("supervisor: {}\n", started.error().message()));
      ended(component, W_EXITCODE(126, 0));
    }
  }
}

Result<> Supervisor::start(Component& component) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure(system_failure(Code::internal, "cannot make a pipe"));
  FileDescriptor read(ends[0]);
  const FileDescriptor write(ends[1]);
  ::fcntl(read.get(), F_SETFL, O_NONBLOCK);
  std::vector<std::string> argv = component.plan.argv;
  std::vector<std::string> environment{fmt::format("PATH={}/bin", plan_.inside),
                                       fmt::format("HOME={}/run", plan_.inside)};
  const auto argv_pointers = pointers(argv);
  const auto environment_pointers = pointers(environment);
  const pid_t pid = ::fork();
  if (pid < 0) return failure(system_failure(Code::node_component, "cannot start a process"));
  if (pid == 0) become(argv_pointers.data(), environment_pointers.data(), write.get());
  component.pid = pid;
  component.output = std::move(read);
  component.started = clock_.steady();
  component.state = State::running;
  component.ready = false;
  log::info("component started", {{"component", component.plan.name}, {"pid", pid}});
  return {};
}

void Supervisor::ask_readiness() {
  for (auto& component : components_) {
    if (component.state != State::running || component.ready) continue;
    component.ready = is_ready(component.plan);
  }
}

void Supervisor::reap() {
  int status = 0;
  while (true) {
    const pid_t pid = ::waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    const auto found = std::ranges::find(components_, pid, &Component::pid);
    if (found != components_.end()) ended(*found, status);
  }
}

void Supervisor::ended(Component& component, int status) {
  pump(component);
  component.output = FileDescriptor();
  component.last_exit = describe_exit(status);
  component.pid = 0;
  component.ready = false;
  const auto now = clock_.steady();
  const bool was_healthy = now - component.started > healthy_after;
  component.back_off = component.back_off == Duration{} || was_healthy
                           ? Duration(first_back_off)
                           : std::min<Duration>(component.back_off * 2, longest_back_off);
  component.start_again = now + component.back_off;
  component.state = State::backing_off;
  ++component.restarts;
  component.log.append(fmt::format("supervisor: {} ended ({}), starts again in {}\n", component.plan.name,
                                   component.last_exit, format_duration(component.back_off)));
  log::warn("component ended", {{"component", component.plan.name}, {"how", component.last_exit}});
}

Duration Supervisor::until_next_event() const {
  Duration next = std::chrono::hours(1);
  const auto now = clock_.steady();
  for (const auto& component : components_) {
    if (component.state == State::waiting && may_start(component)) return {};
    if (component.state == State::running && !component.ready) next = std::min<Duration>(next, readiness_every);
    if (component.state == State::backing_off) {
      next = std::min<Duration>(next, std::max<Duration>(component.start_again - now, Duration{}));
      // Due, and held back by one that is not ready: that one's readiness is the event.
      if (component.start_again <= now) next = std::min<Duration>(next, readiness_every);
    }
  }
  return next;
}

bool Supervisor::wait_for_events() {
  std::vector<pollfd> sources{{signals_.get(), POLLIN, 0}, {lifeline_.get(), POLLIN, 0}};
  for (const auto& component : components_) sources.push_back({component.output.get(), POLLIN, 0});
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(until_next_event());
  ::poll(sources.data(), sources.size(), static_cast<int>(wait.count()));
  for (std::size_t i = 0; i < components_.size(); ++i) {
    if (sources[i + 2].revents != 0) pump(components_[i]);
  }
  if (sources[1].revents != 0) return false;
  if (sources[0].revents != 0 && take_signal() == SIGHUP) adopt_beside();
  return !end_is_asked_;
}

int Supervisor::take_signal() {
  signalfd_siginfo signal{};
  if (::read(signals_.get(), &signal, sizeof signal) != sizeof signal) return 0;
  const int number = static_cast<int>(signal.ssi_signo);
  end_is_asked_ = end_is_asked_ || number == SIGTERM || number == SIGINT;
  return number;
}

void Supervisor::pump(Component& component) {
  if (!component.output) return;
  std::array<char, 65536> buffer{};
  while (true) {
    const auto count = ::read(component.output.get(), buffer.data(), buffer.size());
    if (count > 0) {
      component.log.append(std::string_view(buffer.data(), static_cast<std::size_t>(count)));
      continue;
    }
    if (count == 0) component.output = FileDescriptor();  // a grandchild may have held it longer
    return;
  }
}

void Supervisor::wait_for_end(const std::vector<std::string>& names, Duration within) {
  const auto deadline = clock_.steady() + within;
  const auto is_alive = [&](const Component& component) {
    return component.pid > 0 && std::ranges::find(names, component.plan.name) != names.end();
  };
  for (auto& component : components_) {
    if (is_alive(component)) ::kill(component.pid, SIGTERM);
  }
  while (std::ranges::any_of(components_, is_alive) && clock_.steady() < deadline) {
    pollfd source{signals_.get(), POLLIN, 0};
    ::poll(&source, 1, 50);
    if (source.revents != 0) take_signal();
    for (auto& component : components_) pump(component);
    reap();
  }
  for (auto& component : components_) {
    if (is_alive(component)) ::kill(component.pid, SIGKILL);
    if (std::ranges::find(names, component.plan.name) != names.end()) component.state = State::stopped;
  }
}

// What runs beside the node and the kubelet first, so that nothing is started again. The API server while the pods still live: they
// answer the end of its connections, which the kernel would else repeat for minutes towards addresses
// that nobody has. etcd last, so that the last writes arrive.
void Supervisor::stop_all() {
  log::info("stopping", {});
  std::vector<std::string> first{"kubelet", "kube-proxy", "kwok", "kube-controller-manager", "kube-scheduler"};
  for (const auto& component : components_) {
    if (component.beside) first.push_back(component.plan.name);
  }
  wait_for_end(first, grace);
  wait_for_end({"kube-apiserver"}, grace);
  if (reaping_ == Reaping::everything) ::kill(-1, SIGTERM);  // the containers
  wait_for_end({"containerd"}, grace);
  wait_for_end({"etcd"}, grace);
}

void Supervisor::write_status() {
  Array components;
  for (const auto& component : components_) {
    std::string_view state = "stopped";
    if (component.state == State::waiting) state = "waiting for others";
    if (component.state == State::backing_off) state = "waiting to restart";
    if (component.state == State::running) state = component.ready ? "running" : "starting";
    components.emplace_back(Object{{"name", component.plan.name},
                                   {"state", state},
                                   {"pid", std::int64_t{component.pid}},
                                   {"restarts", component.restarts},
                                   {"lastExit", component.last_exit},
                                   {"log", component.log.path()}});
  }
  std::string text = json::write_indented(Object{{"components", std::move(components)}});
  if (text == last_status_) return;
  if (write_file(plan_.host + "/run/status.json", text, 0644)) last_status_ = std::move(text);
}

}  // namespace holdfast::node
