// SPDX-License-Identifier: Apache-2.0
// The supervisor's process: an outer one that holds the lock and the fate of the node, and (for real
// nodes) an inner one that is process 1 of the node's own process namespace. When the outer one dies,
// however it dies, the kernel ends the inner one, and with it every component, container and mount.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/log.h"
#include "node/files.h"
#include "node/node.h"
#include "node/plan.h"
#include "node/supervisor.h"
#include "node/surroundings.h"
#include "value/json.h"

namespace holdfast::node {
namespace {

// Before any process is made, so that no signal is lost between.
Result<FileDescriptor> take_signals() {
  sigset_t taken;
  ::sigemptyset(&taken);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&taken, signal);
  ::signal(SIGPIPE, SIG_IGN);
  if (::sigprocmask(SIG_BLOCK, &taken, nullptr) != 0) {
    return failure(system_failure(Code::internal, "cannot block signals"));
  }
  FileDescriptor signals(::signalfd(-1, &taken, SFD_CLOEXEC));
  if (!signals) return failure(system_failure(Code::internal, "cannot make a signalfd"));
  return signals;
}

// kubelet and containerd want many files; what cannot be raised stays.
void raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

std::uint64_t inode_of(const char* path) {
  struct stat state {};
  return ::stat(path, &state) == 0 ? state.st_ino : 0;
}

// What other commands need to find this node's processes.
Result<> write_identity(const Plan& plan, pid_t inner) {
  return write_file(plan.host + "/run/supervisor.json",
                    json::write(Object{{"pid", std::int64_t{::getpid()}},
                                       {"inner", std::int64_t{inner}},
                                       {"generation", plan.generation},
                                       {"network", inode_of("/proc/self/ns/net")}}),
                    0644);
}

Result<> run_inner(Plan plan, FileDescriptor lifeline, const Clock& clock) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  FileDescriptor signals = TRY(take_signals());
  TRY(prepare_surroundings(plan));
  Supervisor supervisor(std::move(plan), Reaping::everything, std::move(signals), std::move(lifeline),
                        clock);
  return supervisor.run();
}

// Passes signals on and returns when the inner process has ended.
Result<> guard(pid_t inner, const FileDescriptor& signals) {
  while (true) {
    signalfd_siginfo signal{};
    if (::read(signals.get(), &signal, sizeof signal) != sizeof signal) continue;
    if (signal.ssi_signo != SIGCHLD) ::kill(inner, static_cast<int>(signal.ssi_signo));
    int status = 0;
    if (::waitpid(inner, &status, WNOHANG) != inner) continue;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return failure(Code::node_component, "the node's first process ended ({} {})",
                   WIFEXITED(status) ? "exit code" : "signal",
                   WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
  }
}

Result<> supervise_containers(const Plan& plan, const FileDescriptor& signals, const Clock& clock) {
  const FileDescriptor root = TRY(hold_root(plan.host + "/undo.json"));
  if (::unshare(CLONE_NEWNS | CLONE_NEWPID) != 0) {
    return failure(system_failure(Code::node_capability, "cannot make the node's namespaces"));
  }
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure(system_failure(Code::internal, "cannot make a pipe"));
  FileDescriptor lifeline(ends[0]);
  FileDescriptor held(ends[1]);
  const pid_t inner = ::fork();
  if (inner < 0) return failure(system_failure(Code::node_component, "cannot start a process"));
  if (inner == 0) {
    held = FileDescriptor();
    const auto ended = run_inner(plan, std::move(lifeline), clock);
    if (!ended) {
      log::error("the node ended", {{"cause", ended.error().message()}});
      // For `node up`, which waits: the same words as its own refusal.
      const auto told = write_file(plan.host + "/run/refusal.txt", ended.error().message(), 0644);
      if (!told) log::error("the refusal could not be written", {});
    }
    std::_Exit(ended ? 0 : 1);
  }
  TRY(write_identity(plan, inner));
  return guard(inner, signals);
}

}  // namespace

Result<> supervise(const std::string& state_dir, const Clock& clock) {
  const Layout layout = Layout::containers(state_dir);
  const std::string text = TRY(read_file(layout.plan()));
  const Plan plan = TRY(parse_plan(text));
  const FileDescriptor lock = TRY(lock_file(layout.supervisor_lock()));
  // What an earlier supervisor left: its processes are gone, so its sockets and sandboxes are stale.
  TRY(remove_tree(plan.host + "/run"));
  for (const std::string_view folder : {"/run", "/run/s", "/log", "/data"}) {
    TRY(make_folder(fmt::format("{}{}", plan.host, folder), 0711));
  }
  raise_file_limit();
  FileDescriptor signals = TRY(take_signals());
  if (!plan.simulated) return supervise_containers(plan, signals, clock);
  TRY(write_identity(plan, 0));
  Supervisor supervisor(plan, Reaping::components, std::move(signals), FileDescriptor(), clock);
  return supervisor.run();
}

}  // namespace holdfast::node
