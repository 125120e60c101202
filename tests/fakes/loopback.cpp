// SPDX-License-Identifier: Apache-2.0
#include "fakes/loopback.h"

#include "base/result.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace holdfast::fakes {
namespace {

FileDescriptor listen_on_loopback(int& port) {
  FileDescriptor listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  CHECK(listener);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  CHECK(::bind(listener.get(), generic, size) == 0);
  CHECK(::listen(listener.get(), 256) == 0);
  CHECK(::getsockname(listener.get(), generic, &size) == 0);
  port = ntohs(address.sin_port);
  return listener;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

}  // namespace

bool Connection::fill() {
  std::array<char, 65536> chunk{};
  const auto count = ::recv(socket_.get(), chunk.data(), chunk.size(), 0);
  if (count <= 0) return false;
  buffer_.append(chunk.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<Received> Connection::read() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  Received request;
  const std::string head = buffer_.substr(0, end);
  buffer_.erase(0, end + 4);
  const auto lines = split(head, '\n');
  const auto words = split(trim(lines[0]), ' ');
  if (words.size() != 3) return std::nullopt;
  request.method = words[0];
  request.target = words[1];
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const auto colon = lines[i].find(':');
    if (colon == std::string_view::npos) continue;
    request.headers[lower(lines[i].substr(0, colon))] = trim(lines[i].substr(colon + 1));
  }
  if (request.headers["transfer-encoding"] == "chunked") {
    while (true) {
      std::size_t line = 0;
      while ((line = buffer_.find("\r\n")) == std::string::npos) {
        if (!fill()) return std::nullopt;
      }
      const std::size_t size = std::stoul(buffer_.substr(0, line), nullptr, 16);
      while (buffer_.size() < line + 2 + size + 2) {
        if (!fill()) return std::nullopt;
      }
      request.body += buffer_.substr(line + 2, size);
      buffer_.erase(0, line + 2 + size + 2);
      if (size == 0) return request;
    }
  }
  const std::string& length = request.headers["content-length"];
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size) {
    if (!fill()) return std::nullopt;
  }
  request.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return request;
}

bool Connection::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

bool Connection::answer(int status, std::string_view body, std::string_view headers) {
  return write(fmt::format("HTTP/1.1 {} Scripted\r\n{}Content-Length: {}\r\n\r\n{}", status,
                           headers, body.size(), body));
}

bool Connection::begin_chunked() {
  return write("HTTP/1.1 200 Scripted\r\nTransfer-Encoding: chunked\r\n\r\n");
}

bool Connection::chunk(std::string_view bytes) {
  return write(fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes));
}

bool Connection::pause(std::chrono::milliseconds duration) {
  pollfd wait = {socket_.get(), POLLRDHUP, 0};
  return ::poll(&wait, 1, static_cast<int>(duration.count())) == 0;
}

void Connection::wait_until_closed() {
  while (fill())
    buffer_.clear();
}

void Connection::shut_down() {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

Loopback::Loopback(Handler handler) : handler_(std::move(handler)) {
  listener_ = listen_on_loopback(port_);
  acceptor_ = std::jthread([this] { accept_all(); });
}

std::unique_ptr<Loopback> Loopback::answering(
    std::function<void(const Received&, Connection&)> answer) {
  return std::make_unique<Loopback>([answer = std::move(answer)](Connection& connection) {
    while (const auto request = connection.read())
      answer(*request, connection);
  });
}

void Loopback::accept_all() {
  while (true) {
    FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    const std::scoped_lock lock(mutex_);
    if (!socket || closing_) return;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    auto& connection = open_.emplace_back(std::move(socket), accepted_++);
    handlers_.emplace_back([this, &connection] {
      handler_(connection);
      connection.shut_down();
    });
  }
}

Loopback::~Loopback() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
    for (auto& connection : open_)
      connection.shut_down();
  }
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  handlers_.clear();
}

std::string Loopback::url(std::string_view path) const {
  return fmt::format("http://127.0.0.1:{}{}", port_, path);
}

int closed_port() {
  int port = 0;
  const FileDescriptor listener = listen_on_loopback(port);
  return port;
}

}  // namespace holdfast::fakes
