// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "node/machine.h"

namespace holdfast::e2e {
namespace {

namespace fs = std::filesystem;

struct Pipe {
  int read = -1, write = -1;
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) == 0) std::tie(read, write) = std::pair(ends[0], ends[1]);
  }
};

std::string variable(const char* name) {
  const char* value = ::getenv(name);
  return value == nullptr ? "" : value;
}

// In the child, between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(const std::vector<char*>& argv, const std::vector<char*>& environment, const std::string& folder,
                         int in, int out, int err) {
  ::setpgid(0, 0);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  if (!folder.empty() && ::chdir(folder.c_str()) != 0) ::_exit(126);
  ::execvpe(argv[0], argv.data(), environment.data());
  ::_exit(127);
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

int spawn(std::vector<std::string> argv, const RunOptions& options, int in, int out, int err) {
  // A name is there once: of two, a program takes the first and a shell the last.
  std::vector<std::string> environment = options.environment;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view entry(*each);
    const auto name = entry.substr(0, entry.find('=') + 1);
    const auto given = [&](const std::string& other) { return !name.empty() && other.starts_with(name); };
    if (std::ranges::none_of(options.environment, given)) environment.emplace_back(entry);
  }
  const auto argv_pointers = pointers(argv);
  const auto environment_pointers = pointers(environment);
  const int pid = ::fork();
  if (pid == 0) become(argv_pointers, environment_pointers, options.folder, in, out, err);
  return pid;
}

long counted(const std::string& counter) {
  const auto ran = run({"nft", "list counter inet hftest " + counter});
  const auto at = ran.out.find("packets ");
  return at == std::string::npos ? -1 : std::stol(ran.out.substr(at + 8));
}

int exit_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status); }

}  // namespace

Ran run(const std::vector<std::string>& argv, const RunOptions& options) {
  Pipe in, out, err;
  const int pid = spawn(argv, options, in.read, out.write, err.write);
  for (const int fd : {in.read, out.write, err.write}) ::close(fd);
  ::signal(SIGPIPE, SIG_IGN);
  [[maybe_unused]] const auto written = ::write(in.write, options.input.data(), options.input.size());
  ::close(in.write);

  Ran ran;
  const auto end = std::chrono::steady_clock::now() + options.timeout;
  pollfd sources[] = {{out.read, POLLIN, 0}, {err.read, POLLIN, 0}};
  bool killed = false;
  int status = 0;
  bool ended = false;
  // A daemon that inherited the pipes keeps them open: the end of the program itself counts.
  while (!ended || ::poll(sources, 2, 0) > 0) {
    ended = ended || ::waitpid(pid, &status, WNOHANG) == pid;
    if (::poll(sources, 2, 20) > 0) {
      bool open = false;
      for (auto& source : sources) {
        if ((source.revents & (POLLIN | POLLHUP)) == 0) continue;
        char buffer[65536];
        const auto count = ::read(source.fd, buffer, sizeof buffer);
        if (count > 0) (source.fd == out.read ? ran.out : ran.err).append(buffer, static_cast<std::size_t>(count));
        if (count <= 0) source.fd = -1;
        open = open || count > 0;
      }
      if (!open && ended) break;
    }
    if (!killed && std::chrono::steady_clock::now() > end) {
      killed = true;
      ::kill(-pid, SIGKILL);
    }
  }
  ::close(out.read);
  ::close(err.read);
  ran.exit = exit_of(status);
  return ran;
}

Background::Background(const std::vector<std::string>& argv, const RunOptions& options, const std::string& log) {
  const int none = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  pid_ = spawn(argv, options, none, out, out);
  ::close(out);
  ::close(none);
}

void Background::kill_now() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

int Background::end_with(int signal, std::chrono::seconds within) {
  ::kill(-pid_, signal);
  int status = 0;
  if (!eventually(within, [&] { return ::waitpid(pid_, &status, WNOHANG) == pid_; })) {
    kill_now();
    return 128 + SIGKILL;
  }
  pid_ = -1;
  return exit_of(status);
}

Background::~Background() { kill_now(); }

std::string program(const std::string& name) { return variable("HOLDFAST_BIN") + "/" + name; }

std::string node_file(const std::string& name) { return variable("HOLDFAST_NODE_DIR") + "/" + name; }

std::string judge(const std::string& name) { return variable("HOLDFAST_JUDGES") + "/" + name; }

std::string source(const std::string& path) { return variable("HOLDFAST_SOURCE") + "/" + path; }

std::optional<std::string> enter_isolated_network() {
  if (::unshare(CLONE_NEWNET) != 0) return fmt::format("no network namespace can be made: {}", ::strerror(errno));
  const std::vector<std::vector<std::string>> commands = {
      {"ip", "link", "set", "lo", "up"},
      // A bridge without ports swallows what is sent to it; the kernels of small machines lack dummy devices.
      {"ip", "link", "add", "uplink0", "type", "bridge"},
      {"ip", "addr", "add", "198.51.100.2/24", "dev", "uplink0"},
      {"ip", "link", "set", "uplink0", "up"},
      {"ip", "route", "add", "default", "via", "198.51.100.1"},
      {"nft", "add table inet hftest"},
      {"nft", "add chain inet hftest out { type filter hook postrouting priority 300 ; }"},
      {"nft", "add counter inet hftest uplink"},
      {"nft", "add counter inet hftest questions"},
      // The bridge itself reports its membership of the snoopers' groups (IGMP, MLD) a moment after it is up.
      {"nft", "add rule inet hftest out oifname uplink0 meta l4proto != { igmp, ipv6-icmp } ip daddr != 198.51.100.2 counter name uplink"},
      {"nft", "add rule inet hftest out oifname uplink0 meta nfproto ipv6 meta l4proto != ipv6-icmp counter name uplink"},
      // Whoever listens on the machine itself would pass a question on: only cluster DNS may be asked.
      {"nft", "add rule inet hftest out meta l4proto { tcp, udp } th dport 53 ip daddr != { 10.96.0.0/16, 10.244.0.0/16 } counter name questions"},
      {"nft", "add rule inet hftest out meta l4proto { tcp, udp } th dport 53 meta nfproto ipv6 counter name questions"},
  };
  for (const auto& command : commands) {
    const auto ran = run(command);
    if (ran.exit != 0) return fmt::format("{}: {}", fmt::join(command, " "), ran.err);
  }
  return std::nullopt;
}

long uplink_packets() { return counted("uplink"); }

long outside_questions() { return counted("questions"); }

std::optional<std::string> why_no_node() {
  const auto missing = node::can_run_containers();
  if (!missing.empty()) return fmt::format("{}", fmt::join(missing, "; "));
  return why_no_simulated_node();
}

std::optional<std::string> why_no_simulated_node() {
  for (const auto* file : {"kube", "containerd"}) {
    if (!fs::exists(node_file(file))) return fmt::format("the node component is not built: {}", node_file(file));
  }
  return std::nullopt;
}

std::vector<int> processes_with(const std::string& text) {
  std::vector<int> found;
  std::error_code problem;
  for (const auto& each : fs::directory_iterator("/proc", problem)) {
    std::ifstream file(each.path() / "cmdline");
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    if (line.contains(text)) found.push_back(std::atoi(each.path().filename().c_str()));
  }
  return found;
}

void pause_briefly() { ::poll(nullptr, 0, 50); }

}  // namespace holdfast::e2e
