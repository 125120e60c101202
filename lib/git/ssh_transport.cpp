// SPDX-License-Identifier: Apache-2.0
#include "git/ssh_transport.h"

#include "base/text.h"
#include "git/pkt_line.h"
#include "git/ssh_session.h"

namespace holdfast::git {
namespace {

constexpr std::string_view list_suffix = "/info/refs?service=git-upload-pack";
constexpr std::string_view fetch_suffix = "/git-upload-pack";
constexpr std::size_t listing_bytes_max = std::size_t{64} << 20;

// The listing with which git-upload-pack begins; what came after it is the rest of the last read.
struct Listing {
  std::string bytes;
  std::string rest;
};

Result<Listing> read_listing(SshSession& session) {
  Listing listing;
  PacketReader reader;
  std::size_t taken = 0;
  while (true) {
    const auto bytes = TRY(session.read());
    if (bytes.empty()) {
      // Who has a key, and another repository, is told so in words.
      const auto words = session.complaints();
      return failure(Error(words.empty() ? Code::unreachable : Code::forbidden, "git-upload-pack ended before it listed its refs")
                         .because(words));
    }
    listing.bytes += bytes;
    if (listing.bytes.size() > listing_bytes_max) {
      return failure(Code::limit, "the server's list of refs has more than {} bytes", listing_bytes_max);
    }
    reader.feed(bytes);
    while (true) {
      const auto packet = TRY(reader.next());
      if (!packet) break;
      taken += packet->kind == PacketKind::data ? packet->text.size() + 4 : 4;
      if (packet->kind != PacketKind::flush) continue;
      listing.rest = listing.bytes.substr(taken);
      listing.bytes.resize(taken);
      return listing;
    }
  }
}

http::Response answer(std::string_view type, std::string body) {
  http::Response response{.status = 200, .headers = {}, .body = std::move(body)};
  response.headers.push_back({"Content-Type", fmt::format("application/x-git-upload-pack-{}", type)});
  return response;
}

class SshIncoming final : public http::Incoming {
 public:
  SshIncoming(http::Response head, std::string first, std::unique_ptr<SshSession> session)
      : head_(std::move(head)), first_(std::move(first)), session_(std::move(session)) {}

  [[nodiscard]] const http::Response& head() const override { return head_; }

  Result<std::string_view> next(const std::stop_token& stop) override {
    if (stop.stop_requested()) return failure(Code::stopped, "stopped while the SSH server was read");
    if (!first_.empty()) {
      given_ = std::exchange(first_, std::string());
      return std::string_view(given_);
    }
    if (session_ == nullptr) return std::string_view();
    return session_->read();
  }

 private:
  http::Response head_;
  std::string first_, given_;
  std::unique_ptr<SshSession> session_;
};

class SshTransport final : public http::Transport {
 public:
  explicit SshTransport(SshOptions options) : options_(std::move(options)) {}

  Result<http::Response> send(const http::Request& request) override {
    const auto incoming = TRY(open(request, {}));
    auto response = incoming->head();
    response.body = TRY(incoming->rest({}, listing_bytes_max));
    return response;
  }

  std::vector<Result<http::Response>> send_all(std::vector<http::Request> requests, int) override {
    std::vector<Result<http::Response>> responses;
    for (const auto& request : requests) responses.push_back(send(request));
    return responses;
  }

  Result<std::unique_ptr<http::Incoming>> open(const http::Request& request, std::stop_token stop) override {
    SshOptions options = options_;
    options.idle_timeout = request.timeout;
    options.whole = request.whole;
    const auto command = fmt::format("git-upload-pack '{}'", options.address.path);
    auto session = TRY(SshSession::start(options, command, std::move(stop)));
    auto listing = TRY(read_listing(*session));
    if (request.url.ends_with(list_suffix)) {
      // A client that wants nothing says so; then the server ends.
      TRY(session->write(flush_packet));
      std::unique_ptr<http::Incoming> whole =
          std::make_unique<SshIncoming>(answer("advertisement", ""), std::move(listing.bytes), nullptr);
      return whole;
    }
    CHECK(request.url.ends_with(fetch_suffix));
    TRY(session->write(request.body));
    std::unique_ptr<http::Incoming> pack =
        std::make_unique<SshIncoming>(answer("result", ""), std::move(listing.rest), std::move(session));
    return pack;
  }

 private:
  SshOptions options_;
};

}  // namespace

Result<std::unique_ptr<http::Transport>> make_ssh_transport(const Remote& remote) {
  SshOptions options;
  options.address = TRY(parse_ssh_url(trimmed_url(remote.url)));
  if (!remote.proxy.empty()) {
    return failure(Error(Code::git_unreachable, "SSH repositories are not reached through a proxy")
                       .fix("use the repository's https URL, or leave out the proxy"));
  }
  if (remote.ssh_private_key.empty()) {
    return failure(Error(Code::git_unreachable, "there is no key for the SSH repository")
                       .fix("put sshPrivateKey into the repository's Secret"));
  }
  options.private_key = remote.ssh_private_key;
  options.known_hosts = remote.ssh_known_hosts;
  options.host_keys = remote.verify == Verify::peer ? HostKeys::known : HostKeys::any;
  std::unique_ptr<http::Transport> transport = std::make_unique<SshTransport>(std::move(options));
  return transport;
}

}  // namespace holdfast::git
