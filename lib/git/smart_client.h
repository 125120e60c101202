// SPDX-License-Identifier: Apache-2.0
// The client's side of smart HTTP: protocol v2, and v0 for servers that speak nothing newer.
// libgit2's own is not used: 1.5 has no deadlines and no shallow fetch, follows redirects to other
// hosts and reads v0 only. Mirrors Git 2.39's gitprotocol-http, gitprotocol-v2, gitprotocol-pack.
// It does not know where objects are kept: the pack's bytes go to a sink.
#pragma once

#include "base/clock.h"
#include "git/pkt_line.h"
#include "git/remote.h"
#include "git/revision.h"
#include "http/transport.h"

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace holdfast::git {

struct ClientLimits {
  Duration list_timeout = std::chrono::seconds(15);
  Duration idle_timeout = std::chrono::seconds(30);
  Duration fetch_timeout = std::chrono::seconds(120);
  std::size_t bytes_per_second_min = 1024;
  std::size_t refs_max = 200'000;
};

// What a server was found to speak; remembered by the caller, so that a listing costs one request.
enum class Dialect { unknown, v0, v2 };

struct FetchRequest {
  std::vector<ObjectId> wants;
  // Commits that are here with their files but without their parents: the server leaves out what
  // they hold.
  std::vector<ObjectId> haves;
  std::optional<ObjectId> whole;  // a commit that is here with all its history
  enum class Depth { one, all } depth = Depth::one;
};

using PackSink = std::function<Result<>(std::string_view)>;

// The refs in the body of a v0 answer to info/refs.
Result<std::vector<Ref>> parse_advertised_refs(std::string_view body, std::size_t refs_max);

class SmartClient {
 public:
  SmartClient(http::Transport& transport, const Remote& remote, const ClientLimits& limits,
              const Clock& clock)
      : transport_(transport), remote_(remote), limits_(limits), clock_(clock) {}

  // HEAD, branches and tags, and every ref whose name begins with one of `extra`. `dialect` is
  // asked for when unknown. Refuses with Code::git_unreachable, timed_out, limit or stopped.
  Result<std::vector<Ref>> list(Dialect& dialect, const std::vector<std::string>& extra,
                                const std::stop_token& stop);

  // The pack goes to `sink` as it arrives. Refuses also with Code::git_revision when the server has
  // no such object or does not give it out by its id.
  Result<> fetch(Dialect dialect, const FetchRequest& request, const PackSink& sink,
                 const std::stop_token& stop);

  [[nodiscard]] std::string reader() const { return reader_of(remote_); }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  // Has the server answered that whoever asks so may not read the repository, or that it is not there?
  [[nodiscard]] bool was_refused() const { return refused_; }

 private:
  Result<http::Response> send(http::Request request, std::string_view content_type,
                              const std::stop_token& stop);
  Result<> authorise(http::Request& request, const std::stop_token& stop);
  // What callers are told, with the refusal noted.
  Error told(const Error& error);
  [[nodiscard]] Error without_secrets(const Error& error) const;
  [[nodiscard]] http::Request get_info() const;
  [[nodiscard]] http::Request post(Dialect dialect, std::string body) const;
  Result<std::vector<Ref>> list_refs(Dialect& dialect, const std::vector<std::string>& extra,
                                     const std::stop_token& stop);
  Result<> fetch_pack(Dialect dialect, const FetchRequest& request, const PackSink& sink,
                      const std::stop_token& stop);
  Result<std::vector<Ref>> list_v2(const std::vector<std::string>& extra,
                                   const std::stop_token& stop);

  http::Transport& transport_;
  const Remote& remote_;
  const ClientLimits& limits_;
  const Clock& clock_;
  Secret password_ = remote_.password;  // or what its keeper gave last
  bool refused_ = false;
};

}  // namespace holdfast::git
