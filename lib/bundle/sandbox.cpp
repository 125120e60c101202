// SPDX-License-Identifier: Apache-2.0
#include "bundle/sandbox.h"

#include "base/handle.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace holdfast::bundle {
namespace {

#ifdef __aarch64__
constexpr std::uint32_t own_architecture = AUDIT_ARCH_AARCH64;
#else
constexpr std::uint32_t own_architecture = AUDIT_ARCH_X86_64;
#endif

// Memory, threads, time, chance; reading the kept file, writing the answer, ending.
constexpr auto allowed = std::to_array<long>({
    __NR_pread64, __NR_write, __NR_close, __NR_lseek, __NR_brk, __NR_mremap, __NR_munmap,
    __NR_madvise, __NR_futex, __NR_set_robust_list, __NR_rseq, __NR_rt_sigprocmask,
    __NR_rt_sigaction, __NR_rt_sigreturn, __NR_sigaltstack, __NR_sched_yield, __NR_sched_getaffinity, __NR_gettid,
    __NR_getpid, __NR_clock_gettime, __NR_clock_nanosleep, __NR_getrandom, __NR_restart_syscall,
    __NR_exit, __NR_exit_group,
#ifdef __SANITIZE_ADDRESS__
    // UBSan asks the kernel whether an address can be read by writing it into a pipe.
    __NR_pipe2, __NR_read,
#endif
});

sock_filter statement(unsigned code, std::uint32_t k) {
  return {static_cast<std::uint16_t>(code), 0, 0, k};
}

sock_filter jump(unsigned code, std::uint32_t k, std::uint8_t yes, std::uint8_t no) {
  return {static_cast<std::uint16_t>(code), yes, no, k};
}

sock_filter load(std::size_t at) {
  return statement(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(at));
}

sock_filter answer(std::uint32_t action) {
  return statement(BPF_RET | BPF_K, action);
}

// `number` is allowed when bit `mask` of argument `which` is set (or is not), else it kills.
void allow_when(std::vector<sock_filter>& filter, long number, unsigned which, std::uint32_t mask,
                bool set) {
  filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 4));
  filter.push_back(load(offsetof(seccomp_data, args) + which * sizeof(std::uint64_t)));
  filter.push_back(jump(BPF_JMP | BPF_JSET | BPF_K, mask, set ? 0 : 1, set ? 1 : 0));
  filter.push_back(answer(SECCOMP_RET_ALLOW));
  filter.push_back(answer(SECCOMP_RET_KILL_PROCESS));
}

std::vector<sock_filter> make_filter() {
  std::vector<sock_filter> filter;
  filter.push_back(load(offsetof(seccomp_data, arch)));
  filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, own_architecture, 1, 0));
  filter.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  filter.push_back(load(offsetof(seccomp_data, nr)));
  for (const long number : allowed) {
    filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1));
    filter.push_back(answer(SECCOMP_RET_ALLOW));
  }
  // clone3 hides its flags behind a pointer; the C library then falls back to clone.
  filter.push_back(jump(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone3, 0, 1));
  filter.push_back(answer(SECCOMP_RET_ERRNO | ENOSYS));
  allow_when(filter, __NR_clone, 0, CLONE_THREAD, true);
  // Data only: nothing that is written becomes code.
  allow_when(filter, __NR_mmap, 2, PROT_EXEC, false);
  allow_when(filter, __NR_mprotect, 2, PROT_EXEC, false);
  filter.push_back(answer(SECCOMP_RET_KILL_PROCESS));
  return filter;
}

bool confine() {
  auto filter = make_filter();
  const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

// A frame is a length, a kind and bytes. Messages fit into one write, which the kernel keeps whole.
enum class Kind : std::uint64_t { message, result, no_seccomp };

struct Header {
  std::uint64_t size;
  Kind kind;
};

void send(int fd, Kind kind, std::string_view bytes) {
  std::string frame(sizeof(Header), '\0');
  const Header header{bytes.size(), kind};
  ::memcpy(frame.data(), &header, sizeof(header));
  frame += bytes;
  std::string_view left = frame;
  while (!left.empty()) {
    const ssize_t done = ::write(fd, left.data(), left.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) ::_exit(1);
    left.remove_prefix(static_cast<std::size_t>(done));
  }
}

void close_others(int keep, int pipe) {
  const auto low = static_cast<unsigned>(std::min(keep, pipe));
  const auto high = static_cast<unsigned>(std::max(keep, pipe));
  ::close(STDIN_FILENO);
  ::close(STDOUT_FILENO);
  if (low > 3) ::close_range(3, low - 1, 0);
  if (high > low + 1) ::close_range(low + 1, high - 1, 0);
  ::close_range(high + 1, ~0U, 0);
}

[[noreturn]] void be_child(int keep, int pipe,
                           const std::function<std::string(const Tell&)>& body) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_DUMPABLE, 0);
  close_others(keep, pipe);
  if (!confine()) {
    send(pipe, Kind::no_seccomp, ::strerror(errno));
    ::_exit(1);
  }
  send(pipe, Kind::result, body([pipe](std::string_view message) {
         send(pipe, Kind::message, message.substr(0, 1024));
       }));
  ::_exit(0);
}

// False at the end of the pipe.
bool receive(int fd, std::string& into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::read(fd, into.data() + done, into.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

std::unexpected<Error> no_seccomp(std::string reason) {
  return failure(Error(Code::node_capability, "the bundle's reader could not be confined")
                     .because(std::move(reason))
                     .fix("use a kernel with CONFIG_SECCOMP_FILTER, and a container that permits it"));
}

Result<std::string> listen(int fd, const Tell& on_message) {
  constexpr std::uint64_t answer_limit = std::uint64_t{64} << 20;
  std::string head(sizeof(Header), '\0');
  while (receive(fd, head)) {
    Header header{};
    ::memcpy(&header, head.data(), sizeof(header));
    if (header.size > answer_limit) break;
    std::string bytes(static_cast<std::size_t>(header.size), '\0');
    if (!receive(fd, bytes)) break;
    if (header.kind == Kind::result) return bytes;
    if (header.kind == Kind::no_seccomp) return no_seccomp(std::move(bytes));
    on_message(bytes);
  }
  return failure(Code::bundle_format, "the bundle's reader gave no answer");
}

}  // namespace

Result<std::string> run_confined(int keep, const std::function<std::string(const Tell&)>& body,
                                 const Tell& on_message) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return failure(Error(Code::internal, "no pipe could be made").because(::strerror(errno)));
  }
  const FileDescriptor from(ends[0]);
  FileDescriptor to(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) {
    return failure(Error(Code::internal, "no process could be started").because(::strerror(errno)));
  }
  if (child == 0) be_child(keep, to.get(), body);
  to = FileDescriptor();
  auto answered = listen(from.get(), on_message);
  if (!answered) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!answered && answered.error().code() == Code::bundle_format && WIFSIGNALED(status)) {
    return failure(std::move(answered).error().because(
        fmt::format("it was ended by signal {} ({})", WTERMSIG(status), ::strsignal(WTERMSIG(status)))));
  }
  return answered;
}

}  // namespace holdfast::bundle
