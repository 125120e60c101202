// SPDX-License-Identifier: Apache-2.0
#include "attended.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/files.h"
#include "base/handle.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::array ends{SIGINT, SIGTERM, SIGHUP};

// The signal that came before the process ended, or 0.
int wait_for_either(int signals, int process) {
  std::array<pollfd, 2> sources{pollfd{signals, POLLIN, 0}, pollfd{process, POLLIN, 0}};
  while (::poll(sources.data(), sources.size(), -1) < 0) {
  }
  signalfd_siginfo asked{};
  if ((sources[0].revents & POLLIN) == 0 || ::read(signals, &asked, sizeof asked) != sizeof asked) return 0;
  return static_cast<int>(asked.ssi_signo);
}

}  // namespace

Result<Attended> attend(const std::function<int()>& work) {
  sigset_t taken;
  sigset_t before;
  ::sigemptyset(&taken);
  for (const int each : ends) ::sigaddset(&taken, each);
  ::pthread_sigmask(SIG_BLOCK, &taken, &before);
  const FileDescriptor signals(::signalfd(-1, &taken, SFD_CLOEXEC));
  const pid_t child = ::fork();
  if (child == 0) {
    ::setpgid(0, 0);
    // Whoever kills us with SIGKILL finds a cluster, but nobody at work on it.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::_exit(work());
  }
  if (child < 0) return failure(system_failure(Code::internal, "no process can be made for the work"));
  ::setpgid(child, child);
  const FileDescriptor process(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  CHECK(signals && process);
  Attended ended;
  ended.asked = wait_for_either(signals.get(), process.get());
  // Ctrl-C of an impatient person reaches every program of the terminal's group.
  for (const int each : ends) ::signal(each, SIG_IGN);
  if (ended.asked != 0) ::kill(-child, SIGKILL);
  int status = 0;
  ::waitpid(child, &status, 0);
  ended.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ended;
}

}  // namespace holdfast::bootstrap
