// SPDX-License-Identifier: Apache-2.0
#include "node/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <thread>

#include "base/handle.h"
#include "base/text.h"
#include "node/files.h"

namespace holdfast::node {
namespace {

constexpr std::size_t output_max = std::size_t{1} << 20;

struct Pipe {
  FileDescriptor read, write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return failure(system_failure(Code::internal, "cannot make a pipe"));
  }
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));  // NOLINT: execve's type
  out.push_back(nullptr);
  return out;
}

// Everything the child needs, made before fork: afterwards only async-signal-safe calls.
struct Image {
  std::vector<char*> argv, environment;
  int in, out;
  int namespaces;  // a pidfd, or -1
};

[[noreturn]] void become(const Image& image) {
  ::dup2(image.in, STDIN_FILENO);
  ::dup2(image.out, STDOUT_FILENO);
  ::dup2(image.out, STDERR_FILENO);
  if (image.namespaces >= 0) {
    if (::setns(image.namespaces, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) != 0) ::_exit(126);
    // A process namespace takes effect for children only.
    const pid_t child = ::fork();
    if (child < 0) ::_exit(126);
    if (child > 0) {
      // Nothing closes this process's descriptors at an exec: locks and pipes of its starter would stay held.
      ::close_range(STDIN_FILENO, ~0U, 0);
      int status = 0;
      ::waitpid(child, &status, 0);
      ::_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::execve(image.argv[0], image.argv.data(), image.environment.data());
  ::_exit(127);
}

// Reads both streams until the child closes them or the deadline passes.
bool drain(int fd, std::string& output, SteadyTime deadline) {
  std::array<char, 16384> buffer{};
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    pollfd source{fd, POLLIN, 0};
    if (::poll(&source, 1, static_cast<int>(left.count())) <= 0) continue;
    const auto count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return true;
    if (output.size() < output_max) output.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

Result<Finished> run(const Command& command) {
  Pipe in = TRY(make_pipe());
  Pipe out = TRY(make_pipe());
  const FileDescriptor none(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  FileDescriptor namespaces;
  if (command.inside > 0) {
    namespaces = FileDescriptor(static_cast<int>(::syscall(SYS_pidfd_open, command.inside, 0)));
    if (!namespaces) return failure(system_failure(Code::node_component, "the node's supervisor is gone"));
  }
  const Image image{pointers(command.argv), pointers(command.environment),
                    command.input ? in.read.get() : none.get(), out.write.get(), namespaces.get()};
  const auto deadline = std::chrono::steady_clock::now() + command.timeout;
  const pid_t child = ::fork();
  if (child < 0) return failure(system_failure(Code::node_component, "cannot start a process"));
  if (child == 0) {
    // A killed starter leaves nobody who works on behind the next command's back.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    become(image);
  }
  in.read = FileDescriptor();
  out.write = FileDescriptor();

  Result<> written;
  std::jthread writer([&] {
    // A child that ends early must not end this process with it.
    sigset_t broken_pipe;
    ::sigemptyset(&broken_pipe);
    ::sigaddset(&broken_pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
    if (command.input) written = command.input(in.write.get());
    in.write = FileDescriptor();
  });
  Finished finished;
  const bool ended = drain(out.read.get(), finished.output, deadline);
  if (!ended) ::kill(child, SIGKILL);
  out.read = FileDescriptor();
  int status = 0;
  ::waitpid(child, &status, 0);
  writer.join();
  if (!ended) {
    return failure(Code::timed_out, "\"{}\" did not end within {}", base_name(command.argv[0]),
                   format_duration(command.timeout));
  }
  finished.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  if (finished.exit == 0) TRY(std::move(written));
  return finished;
}

Result<std::string> run_checked(const Command& command) {
  Finished finished = TRY(run(command));
  if (finished.exit == 0) return std::move(finished.output);
  return failure(Error(Code::node_component, fmt::format("\"{}\" ended with exit code {}",
                                                         base_name(command.argv[0]), finished.exit))
                     .because(last_lines(finished.output, 3)));
}

Result<> start_detached(const std::vector<std::string>& argv, const std::string& log) {
  const FileDescriptor none(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const FileDescriptor file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!file) return failure(system_failure(Code::file_unwritable, fmt::format("cannot write \"{}\"", log)));
  const std::vector<std::string> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  const Image image{pointers(argv), pointers(environment), none.get(), file.get(), -1};
  const pid_t child = ::fork();
  if (child < 0) return failure(system_failure(Code::node_component, "cannot start a process"));
  if (child == 0) {
    if (::setsid() < 0 || ::chdir("/") != 0) ::_exit(126);
    const pid_t daemon = ::fork();
    if (daemon != 0) ::_exit(daemon < 0 ? 126 : 0);
    ::umask(022);
    become(image);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) return failure(Code::node_component, "cannot start the supervisor");
  return {};
}

std::string last_lines(std::string_view text, std::size_t count) {
  auto lines = split(trim(text), '\n');
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  std::string out;
  for (const auto line : lines) {
    if (!out.empty()) out += "\n";
    out += printable(line, 400);
  }
  return out;
}

void pause_for(Duration duration) {
  ::poll(nullptr, 0, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(duration).count()));
}

}  // namespace holdfast::node
