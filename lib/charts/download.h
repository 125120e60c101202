// SPDX-License-Identifier: Apache-2.0
// Inside this module: one answer, whole, within a size and a time; and the connections that
// repositories share when they trust the same peers. It does not know what is downloaded.
#pragma once

#include "base/clock.h"
#include "base/guarded.h"
#include "charts/repository.h"
#include "http/transport.h"

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

namespace holdfast::charts {

struct Bounds {
  std::size_t bytes_max = 0;
  Duration idle = std::chrono::seconds(30);   // without one byte
  Duration whole = std::chrono::minutes(2);
  std::size_t bytes_per_second_min = 1024;  // over each `idle`
  int redirects_max = 5;
};

using MakeTransport = std::function<Result<std::unique_ptr<http::Transport>>(const Repository&)>;
// libcurl with what the repository says of how it is reached.
Result<std::unique_ptr<http::Transport>> make_transport(const Repository& repository);

// What every request of one repository needs. For one call; nothing is owned.
struct Line {
  http::Transport& transport;
  const Repository& repository;
  const Clock& clock;
  const std::stop_token& stop;
};

// Any status is an answer. Refuses with Code::unreachable, timed_out, limit or stopped;
// messages never hold the request, which may hold secrets.
Result<http::Response> download(const Line& line, http::Request request, const Bounds& bounds);

// A refusal by status. The body may echo credentials, so it is never shown.
Error refused(const http::Response& response, std::string what);

// "Basic …" of the repository's user; "" when it has none.
std::string basic(const Repository& repository);

// Thread-safe. Few, because each has a thread.
class Transports {
 public:
  explicit Transports(MakeTransport make) : make_(std::move(make)) {}

  Result<std::shared_ptr<http::Transport>> of(const Repository& repository);

 private:
  MakeTransport make_;
  Guarded<std::map<std::string, std::shared_ptr<http::Transport>>> open_;
};

}  // namespace holdfast::charts
