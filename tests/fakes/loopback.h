// SPDX-License-Identifier: Apache-2.0
// An HTTP/1.1 peer on 127.0.0.1 that does exactly what a test scripts, byte for byte: slow, cut,
// oversized and silent answers included. It speaks no TLS and no HTTP/2, and judges nothing.
#pragma once

#include "base/handle.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace holdfast::fakes {

struct Received {
  std::string method;
  std::string target;                          // path and query, as sent
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class Connection {
 public:
  Connection(FileDescriptor socket, int number) : socket_(std::move(socket)), number_(number) {}

  // 0 for the first connection of the server.
  [[nodiscard]] int number() const { return number_; }

  // The next request with its whole body; nothing when the peer closed.
  std::optional<Received> read();
  // Bytes as they are. False when the peer is gone.
  bool write(std::string_view bytes);
  // A complete answer; `headers` as "Name: value\r\n" lines.
  bool answer(int status, std::string_view body, std::string_view headers = "");
  // Begins a chunked 200; then chunk()s; an empty one ends it.
  bool begin_chunked();
  bool chunk(std::string_view bytes);
  // Says nothing for that long. False when the peer is gone.
  bool pause(std::chrono::milliseconds duration);
  // Says nothing more until the peer or the server ends.
  void wait_until_closed();
  void shut_down();

 private:
  bool fill();

  FileDescriptor socket_;
  int number_;
  std::string buffer_;
};

// Runs `handler` for every connection on a thread of its own. The destructor cuts all connections
// and waits for their handlers.
class Loopback {
 public:
  using Handler = std::function<void(Connection&)>;

  explicit Loopback(Handler handler);
  // Answers every request of every connection.
  static std::unique_ptr<Loopback> answering(
      std::function<void(const Received&, Connection&)> answer);
  ~Loopback();
  Loopback(const Loopback&) = delete;
  Loopback& operator=(const Loopback&) = delete;

  [[nodiscard]] int port() const { return port_; }

  [[nodiscard]] std::string url(std::string_view path) const;

  [[nodiscard]] int connections() const { return accepted_; }

 private:
  void accept_all();

  Handler handler_;
  FileDescriptor listener_;
  int port_ = 0;
  std::atomic<int> accepted_ = 0;
  std::mutex mutex_;
  bool closing_ = false;
  std::list<Connection> open_;
  std::list<std::jthread> handlers_;
  std::jthread acceptor_;
};

// A port of 127.0.0.1 on which nothing listens.
int closed_port();

}  // namespace holdfast::fakes
