// SPDX-License-Identifier: Apache-2.0
#include "attended.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/files.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::array ends{SIGINT, SIGTERM, SIGHUP};

// The signal that came before the end, or 0.
int wait_for_either(int signals, int end) {
  std::array<pollfd, 2> sources{pollfd{signals, POLLIN, 0}, pollfd{end, POLLIN, 0}};
  while (::poll(sources.data(), sources.size(), -1) < 0) {
  }
  signalfd_siginfo asked{};
  if ((sources[0].revents & POLLIN) == 0 || ::read(signals, &asked, sizeof asked) != sizeof asked) return 0;
  return static_cast<int>(asked.ssi_signo);
}

bool is_ignored(int signal) {
  struct sigaction action {};
  ::sigaction(signal, nullptr, &action);
  return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
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

TellsWhenStopped::TellsWhenStopped(Console& console) {
  sigset_t taken;
  ::sigemptyset(&taken);
  // The kernel keeps a blocked signal even where it is ignored.
  for (const int each : ends) {
    if (!is_ignored(each)) ::sigaddset(&taken, each);
  }
  ::pthread_sigmask(SIG_BLOCK, &taken, &before_);
  signals_ = FileDescriptor(::signalfd(-1, &taken, SFD_CLOEXEC));
  ended_ = FileDescriptor(::eventfd(0, EFD_CLOEXEC));
  CHECK(signals_ && ended_);
  listener_ = std::jthread([this, &console] { listen(console); });
}

void TellsWhenStopped::listen(Console& console) const {
  const int signal = wait_for_either(signals_.get(), ended_.get());
  if (signal == 0) return;
  // A second one finds nobody who takes it, and ends a program that is not heard by its terminal.
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  if (console.is_terminal()) console.line();  // below the line that a step repaints
  console.error(Error(Code::stopped, "stopped in the middle").because(::strsignal(signal)), console.changed());
  ::_exit(static_cast<int>(row_of(Code::stopped).exit));
}

TellsWhenStopped::~TellsWhenStopped() {
  ::eventfd_write(ended_.get(), 1);
  listener_.join();
  ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

}  // namespace holdfast::bootstrap
