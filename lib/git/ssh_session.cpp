// SPDX-License-Identifier: Apache-2.0
#include "git/ssh_session.h"

#include "base/text.h"

#include <libssh2.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <set>

namespace holdfast::git {
namespace {

constexpr std::size_t read_size = 32768;
constexpr std::size_t complaint_bytes_max = 1024;

using Addresses = Handle<addrinfo, ::freeaddrinfo>;
using KnownHosts = Handle<LIBSSH2_KNOWNHOSTS, ::libssh2_knownhost_free>;

int start_library() {
  return ::libssh2_init(0);
}

Error unreachable(std::string what, std::string because) {
  return Error(Code::unreachable, std::move(what)).because(std::move(because));
}

// The types of host keys that known_hosts has for anybody: a server offers one, so it is asked for one
// that can be known.
std::string host_key_types(std::string_view known_hosts) {
  constexpr std::array<std::string_view, 5> all = {"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
                                                   "ecdsa-sha2-nistp521", "ssh-rsa"};
  std::string types;
  for (const auto type : all) {
    if (known_hosts.find(fmt::format(" {} ", type)) == std::string_view::npos) continue;
    types += fmt::format("{}{}", types.empty() ? "" : ",", type);
  }
  return types;
}

// Is it an RSA key, in PKCS#1, PKCS#8 or OpenSSH's own format?
bool is_rsa(std::string_view pem) {
  if (pem.find("BEGIN RSA PRIVATE KEY") != std::string_view::npos) return true;
  std::string body;
  for (const auto line : split(pem, '\n')) {
    if (line.find("-----") == std::string_view::npos) body += trim(line);
  }
  const auto bytes = from_base64(body);
  constexpr std::string_view openssh = "ssh-rsa", rsa_encryption = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
  return bytes && (bytes->find(openssh) != std::string::npos || bytes->find(rsa_encryption) != std::string::npos);
}

}  // namespace

struct SshSession::State {
  State(const SshOptions& given, std::stop_token token)
      : options(given), stop(std::move(token)), wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (options.whole) end = std::chrono::steady_clock::now() + std::chrono::duration_cast<SteadyTime::duration>(*options.whole);
  }

  ~State() {
    // The peer is not waited for: a session that ends is cut.
    if (channel != nullptr) ::libssh2_channel_free(channel);
    if (session != nullptr) ::libssh2_session_free(session);
  }

  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<> connect();
  Result<> connect_to(const addrinfo& address);
  Result<> await(short events);
  Result<> handshake();
  Result<> check_host();
  Result<> authenticate();
  Result<> run(const std::string& command);
  void read_complaints();
  // Calls until the library neither wants to wait nor fails.
  Result<long> drive(const std::function<long()>& call, std::string_view doing);

  [[nodiscard]] std::string last_error() const {
    char* text = nullptr;
    ::libssh2_session_last_error(session, &text, nullptr, 0);
    return text == nullptr ? "" : printable(text, 300);
  }

  SshOptions options;
  std::stop_token stop;
  SteadyTime end = SteadyTime::max();
  FileDescriptor wake, socket;
  LIBSSH2_SESSION* session = nullptr;
  LIBSSH2_CHANNEL* channel = nullptr;
  std::array<char, read_size> buffer{};
  std::string complaints;
};

void SshSession::State::read_complaints() {
  std::array<char, complaint_bytes_max> text;
  while (true) {
    const long count = ::libssh2_channel_read_stderr(channel, text.data(), text.size());
    if (count <= 0) return;
    if (complaints.size() < complaint_bytes_max) complaints.append(text.data(), static_cast<std::size_t>(count));
  }
}

SshSession::SshSession(Private, std::unique_ptr<State> state) : state_(std::move(state)) {}

SshSession::~SshSession() = default;

Result<> SshSession::State::await(short events) {
  const std::stop_callback waking(stop, [this] { ::eventfd_write(wake.get(), 1); });
  std::array<pollfd, 2> waits = {{{socket.get(), events, 0}, {wake.get(), POLLIN, 0}}};
  const auto now = std::chrono::steady_clock::now();
  const auto left = std::min<Duration>(options.idle_timeout, std::max<Duration>(end - now, Duration{0}));
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left).count();
  const int ready = ::poll(waits.data(), waits.size(), static_cast<int>(milliseconds));
  if (stop.stop_requested()) return failure(Code::stopped, "stopped while the SSH server was waited for");
  if (std::chrono::steady_clock::now() >= end) {
    return failure(Code::timed_out, "the SSH server gave no complete answer within {}", format_duration(*options.whole));
  }
  if (ready == 0) {
    return failure(Code::timed_out, "the SSH server said nothing for {}", format_duration(options.idle_timeout));
  }
  return {};
}

Result<long> SshSession::State::drive(const std::function<long()>& call, std::string_view doing) {
  while (true) {
    const long status = call();
    if (status != LIBSSH2_ERROR_EAGAIN) {
      if (status >= 0) return status;
      return failure(unreachable(fmt::format("{} was not possible", doing), last_error()));
    }
    const int directions = ::libssh2_session_block_directions(session);
    short events = 0;
    if ((directions & LIBSSH2_SESSION_BLOCK_INBOUND) != 0) events |= POLLIN;
    if ((directions & LIBSSH2_SESSION_BLOCK_OUTBOUND) != 0) events |= POLLOUT;
    TRY(await(events == 0 ? POLLIN : events));
  }
}

Result<> SshSession::State::connect_to(const addrinfo& address) {
  socket = FileDescriptor(::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto because = [](int error) { return std::generic_category().message(error); };
  if (!socket) return failure(unreachable("the SSH server cannot be reached", because(errno)));
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return failure(unreachable("the SSH server cannot be reached", because(errno)));
  TRY(await(POLLOUT));
  int status = 0;
  socklen_t size = sizeof status;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &status, &size);
  if (status == 0) return {};
  return failure(unreachable("the SSH server cannot be reached", because(status)));
}

Result<> SshSession::State::connect() {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto port = std::to_string(options.address.port);
  const int status = ::getaddrinfo(options.address.host.c_str(), port.c_str(), &hints, &found);
  if (status != 0) return failure(unreachable("the SSH server's name leads nowhere", ::gai_strerror(status)));
  const Addresses addresses(found);
  Result<> connected;
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    connected = connect_to(*each);
    if (connected || stop.stop_requested()) return connected;
  }
  return connected;
}

Result<> SshSession::State::handshake() {
  static const int started = start_library();
  if (started != 0) return failure(Code::internal, "libssh2 does not start");
  session = ::libssh2_session_init();
  if (session == nullptr) return failure(Code::internal, "libssh2 has no session");
  ::libssh2_session_set_blocking(session, 0);
  const auto types = host_key_types(options.known_hosts);
  if (options.host_keys == HostKeys::known && !types.empty()) {
    ::libssh2_session_method_pref(session, LIBSSH2_METHOD_HOSTKEY, types.c_str());
  }
  auto shaken = drive([&] { return ::libssh2_session_handshake(session, socket.get()); }, "the SSH handshake");
  if (shaken) return {};
  const int reason = ::libssh2_session_last_errno(session);
  const bool nothing_in_common = reason == LIBSSH2_ERROR_KEX_FAILURE || reason == LIBSSH2_ERROR_METHOD_NONE;
  if (!nothing_in_common) return failure(std::move(shaken).error());
  return failure(std::move(shaken).error().fix(
      "give the server an Ed25519 or ECDSA host key and name it in the known hosts: an RSA one is read with SHA-1 alone"));
}

Result<> SshSession::State::check_host() {
  if (options.host_keys == HostKeys::any) return {};
  std::size_t size = 0;
  int type = 0;
  const char* key = ::libssh2_session_hostkey(session, &size, &type);
  const KnownHosts known(::libssh2_knownhost_init(session));
  if (key == nullptr || known == nullptr) return failure(Code::internal, "libssh2 shows no host key");
  const auto shown = to_base64(std::string_view(key, size));
  for (auto line : split(options.known_hosts, '\n')) {
    line = trim(line);
    if (line.starts_with("@revoked") && line.find(shown) != std::string_view::npos) {
      return failure(Code::unreachable, "the SSH server's key is revoked in the known hosts");
    }
    if (line.empty() || line.starts_with('#') || line.starts_with('@')) continue;
    // The library reads up to a zero byte, whatever size it is given. A line that it cannot read makes
    // nobody known.
    const std::string whole(line);
    ::libssh2_knownhost_readline(known.get(), whole.c_str(), whole.size(), LIBSSH2_KNOWNHOST_FILE_OPENSSH);
  }
  libssh2_knownhost* entry = nullptr;
  const int verdict =
      ::libssh2_knownhost_checkp(known.get(), options.address.host.c_str(), options.address.port, key, size,
                                 LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW, &entry);
  if (verdict == LIBSSH2_KNOWNHOST_CHECK_MATCH) return {};
  const bool other = verdict == LIBSSH2_KNOWNHOST_CHECK_MISMATCH;
  return failure(Error(Code::unreachable, other ? "the SSH server has another key than the known hosts say"
                                                : "the SSH server is not among the known hosts")
                     .at(fmt::format("{}:{}", options.address.host, options.address.port))
                     .fix("check the server's key, then put it into the ConfigMap argocd-ssh-known-hosts-cm"));
}

Result<> SshSession::State::authenticate() {
  const auto& user = options.address.user;
  const auto& key = options.private_key.reveal();
  const auto authenticated = drive(
      [&] {
        return ::libssh2_userauth_publickey_frommemory(session, user.c_str(), user.size(), nullptr, 0, key.c_str(),
                                                       key.size(), nullptr);
      },
      "authenticating");
  if (authenticated || authenticated.error().code() != Code::unreachable) {
    return authenticated ? Result<>() : failure(authenticated.error());
  }
  const auto because = last_error();
  if (is_rsa(key)) {
    // libssh2 before 1.11 knows no rsa-sha2-256 (RFC 8332), and OpenSSH since 8.8 takes nothing older.
    return failure(Error(Code::forbidden, fmt::format("the SSH server refuses the RSA key for user \"{}\"", user))
                       .because(fmt::format("RSA keys are offered with SHA-1 signatures, which servers refuse today, so use an "
                                            "Ed25519 or ECDSA key ({})", because))
                       .fix("ssh-keygen -t ed25519; its public half goes to the server, the other into sshPrivateKey of the Secret"));
  }
  return failure(Error(Code::forbidden, fmt::format("the SSH server refuses the key for user \"{}\"", user))
                     .because(because)
                     .fix("check sshPrivateKey of the repository's Secret; use an Ed25519 or ECDSA key without a pass phrase"));
}

Result<> SshSession::State::run(const std::string& command) {
  while (channel == nullptr) {
    channel = ::libssh2_channel_open_session(session);
    if (channel != nullptr) break;
    if (::libssh2_session_last_errno(session) != LIBSSH2_ERROR_EAGAIN) {
      return failure(unreachable("the SSH server opens no channel", last_error()));
    }
    TRY(await(POLLIN));
  }
  TRY(drive([&] { return ::libssh2_channel_exec(channel, command.c_str()); }, "starting git-upload-pack"));
  return {};
}

Result<std::unique_ptr<SshSession>> SshSession::start(const SshOptions& options, const std::string& command,
                                                      std::stop_token stop) {
  auto state = std::make_unique<State>(options, std::move(stop));
  TRY(state->connect());
  TRY(state->handshake());
  TRY(state->check_host());
  TRY(state->authenticate());
  TRY(state->run(command));
  return std::make_unique<SshSession>(Private{}, std::move(state));
}

Result<> SshSession::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const long count = TRY(state_->drive(
        [&] { return ::libssh2_channel_write(state_->channel, bytes.data(), bytes.size()); }, "sending"));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<std::string_view> SshSession::read() {
  const long count = TRY(state_->drive(
      [&]() -> long {
        // The library knows no end while complaints wait to be read.
        state_->read_complaints();
        const long got = ::libssh2_channel_read(state_->channel, state_->buffer.data(), state_->buffer.size());
        if (got == 0 && ::libssh2_channel_eof(state_->channel) == 0) return LIBSSH2_ERROR_EAGAIN;
        return got;
      },
      "receiving"));
  return std::string_view(state_->buffer.data(), static_cast<std::size_t>(count));
}

std::string SshSession::complaints() {
  return printable(trim(state_->complaints), 300);
}

}  // namespace holdfast::git
