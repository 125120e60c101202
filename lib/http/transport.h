// SPDX-License-Identifier: Apache-2.0
// One HTTP client for every caller: requests in, responses out, a deadline always. It does not know
// JSON, Kubernetes or Git. A status is never an Error here: the caller judges it. The agent has one
// Transport for calls and another for watches, because a shared one lets watches starve the calls.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "http/retry.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::http {

struct Header {
  std::string name;
  std::string value;
};

using Headers = std::vector<Header>;

// The first header of that name, in any case; null when there is none.
const std::string* find_header(std::span<const Header> headers, std::string_view name);

// A body that is read while it is sent: fills `into` from `offset` and returns the count, 0 at the
// end. Positional, so that a request can be sent again. Called on the wire thread: it may read a
// file, and must not wait for anything slower.
using BodySource = std::function<Result<std::size_t>(std::uint64_t offset, std::span<char> into)>;

struct Request {
  std::string method = "GET";
  std::string url;  // absolute, http or https
  Headers headers;
  std::string body;
  BodySource body_source;                         // instead of `body`
  std::optional<std::uint64_t> body_source_size;  // absent: chunked
  // For send and send_all the whole request with its queueing, retries and redirects; for open and
  // stream the longest time without a byte of progress.
  Duration timeout = std::chrono::seconds(30);
  std::optional<Duration> whole;  // for open and stream: until the answer is complete; absent: no end
  int attempts = 1;  // more: retried after the delay that retry_delay() says
  Replay replay = Replay::by_method;
  int redirects_max = 0;  // followed by the rules of redirected(), url.h
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }

  // The header's value, "" when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

enum class Verify { peer, nothing };

struct TlsOptions {
  std::string ca_pem;  // the only trusted roots; empty: the system's
  Secret client_certificate_pem;
  Secret client_key_pem;
  std::string server_name;  // the name to ask for and to verify instead of the URL's host
  Verify verify = Verify::peer;
};

struct Options {
  TlsOptions tls;
  std::string proxy;     // "" = none: the environment is never asked behind the caller's back
  std::string no_proxy;  // comma-separated hosts
  std::string user_agent = "holdfast";
  Duration connect_timeout = std::chrono::seconds(10);  // of one attempt, with name and TLS
  std::size_t response_bytes_max = std::size_t{64} << 20;  // of one collected body
  // Across all callers; streams do not count. Kubernetes allows 100 streams on a connection, and
  // above that limit libcurl opens one TLS connection for each further request.
  int in_flight_max = 64;
  RetryPolicy retry;
};

// A response whose body is read while it arrives. For one thread. Its end cancels the exchange.
class Incoming {
 public:
  virtual ~Incoming() = default;
  [[nodiscard]] virtual const Response& head() const = 0;  // status and headers; the body is empty
  // The next bytes, valid until the next call; empty at the end of the body. Code::stopped when
  // `stop` is requested first. A slow reader slows the peer down: at most 8 MiB wait here.
  virtual Result<std::string_view> next(const std::stop_token& stop) = 0;
  // The rest of the body, at most `limit` bytes.
  Result<std::string> rest(const std::stop_token& stop, std::size_t limit);
};

// Errors: Code::unreachable (no connection, no TLS, cut off), Code::timed_out, Code::limit,
// Code::stopped, Code::wrong_type (a URL or header that cannot be sent); libcurl's words in
// because.
class Transport {
 public:
  // Returns false to end the stream.
  using Sink = std::function<bool(std::string_view)>;

  virtual ~Transport() = default;
  // Blocks; thread-safe, as everything here.
  virtual Result<Response> send(const Request& request) = 0;
  // Results have the order of the requests. At most `in_flight` are under way at once.
  virtual std::vector<Result<Response>> send_all(std::vector<Request> requests, int in_flight) = 0;
  // Returns when the headers are there; a stop that was requested before sends nothing. At most 80
  // may be open on one Transport at a time.
  virtual Result<std::unique_ptr<Incoming>> open(const Request& request, std::stop_token stop) = 0;

  // Gives the body to `sink`, on the caller's thread, until the peer ends it, `stop` is requested
  // or the sink returns false. First the sink is given no bytes: the peer has answered, with 2xx.
  // The body of another response is returned instead (≤ 1 MiB).
  Result<Response> stream(const Request& request, const Sink& sink, const std::stop_token& stop);
};

// One wire thread that owns all connections. Callers end before it does.
Result<std::unique_ptr<Transport>> make_curl_transport(Options options);

}  // namespace holdfast::http
