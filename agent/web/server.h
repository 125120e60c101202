// SPDX-License-Identifier: Apache-2.0
// The agent's HTTP server: one thread for sockets, a few for answers, limits on everything a client
// decides. A request gets a thread when it is all there, and gives it back before its answer is sent, so that
// a slow client holds up nobody; bodies and answers that are too long for that pass through the thread in portions.
// It does not know what the paths mean. Boost.Beast is known to server.cpp alone.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "http/transport.h"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::agent {

struct Request {
  std::string method;
  std::string path;   // as sent, without the query
  std::string query;  // without '?'
  http::Headers headers;
  // The next bytes of the body with its content coding undone, valid until the next call; empty at
  // the end. Refuses with Code::limit above the route's limit, timed_out, or unreachable.
  std::function<Result<std::string_view>()> read_body;
  // Ends the connection, from any thread and while its answer is sent: for a client that has to make way.
  std::function<void()> cut;

  // The header's value, "" when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

// Refuses as read_body.
Result<std::string> read_whole_body(const Request& request);

using Write = std::function<Result<>(std::string_view)>;

struct Response {
  int status = 200;
  http::Headers headers;
  std::string body;
  // Instead of `body`: written in portions while it is made. An error cuts the connection, which is
  // the only way to tell a client that an answer is not whole.
  std::function<Result<>(const Write& write, const std::stop_token& stop)> stream;
};

Response text_response(int status, std::string body);

using Handler = std::function<Response(const Request&)>;

// Who has a thread of its own is answered however slowly other clients send and read. Its answers are
// short and end the connection, so that none of them waits for a client either.
enum class Turn { in_line, at_once };

// Streamed: the handler reads it while it comes, and a thread waits with it. So it is only for clients that have
// shown who they are, and for what is too long to be held.
enum class Body { whole, streamed };

struct Route {
  std::string method;  // "GET" answers HEAD as well
  std::string prefix;  // of the path; the longest one that fits wins
  Handler handler;
  std::size_t body_bytes_max = 0;  // after its content coding is undone
  Duration body_timeout = std::chrono::seconds(30);  // for the whole body
  Body body = Body::whole;
  Turn turn = Turn::in_line;
};

struct ServerOptions {
  std::string address = "0.0.0.0";
  int port = 0;  // 0: any; Server::port() says which
  int threads = 6;
  int connections_max = 256;
  std::size_t header_bytes_max = std::size_t{16} << 10;
  // Of bodies and answers that wait for slow clients; beyond it those make way that have waited longest.
  std::size_t held_bytes_max = std::size_t{32} << 20;
  Duration idle_timeout = std::chrono::seconds(60);      // between requests, and for a header
  Duration progress_timeout = std::chrono::seconds(30);  // for the next bytes in either direction
  Duration answer_timeout = std::chrono::minutes(15);    // for a whole answer
};

class Server {
 public:
  // Refuses with Code::port_in_use or Code::file_unwritable (an address that is not ours).
  static Result<std::unique_ptr<Server>> start(const ServerOptions& options,
                                               std::vector<Route> routes);
  // Ends open connections and waits for their answers to notice.
  ~Server();

  [[nodiscard]] int port() const;

  struct State;

  class Private {
    friend class Server;
    Private() = default;
  };

  Server(Private, std::unique_ptr<State> state);

 private:
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::agent
