// SPDX-License-Identifier: Apache-2.0
#include "agent/web/server.h"

#include "agent/web/metrics.h"
#include "agent/web/status_endpoint.h"
#include "base/handle.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <thread>

namespace holdfast::agent {
namespace {

using std::chrono::milliseconds;

FileDescriptor connect_to(int port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return socket;
}

void send_all(const FileDescriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string receive_until_closed(const FileDescriptor& socket) {
  std::string all;
  std::array<char, 4096> part;
  while (true) {
    const auto count = ::recv(socket.get(), part.data(), part.size(), 0);
    if (count <= 0) return all;
    all.append(part.data(), static_cast<std::size_t>(count));
  }
}

// Sends `request` as it is; the request should end the connection.
std::string exchange(int port, std::string_view request) {
  const auto socket = connect_to(port);
  send_all(socket, request);
  return receive_until_closed(socket);
}

Response echo(const Request& request) {
  auto body = read_whole_body(request);
  if (!body) return text_response(413, body.error().what());
  return text_response(200, *body);
}

Response count(const Request&) {
  return {.stream = [](const Write& write, const std::stop_token&) -> Result<> {
    for (int i = 0; i < 3; ++i)
      TRY(write(std::to_string(i)));
    return {};
  }};
}

Response endless(const Request&) {
  return {.stream = [](const Write& write, const std::stop_token& stop) -> Result<> {
    const std::string bytes(100'000, 'x');
    while (!stop.stop_requested())
      TRY(write(bytes));
    return failure(Code::stopped, "stopped");
  }};
}

std::unique_ptr<Server> start(ServerOptions options = {}) {
  options.address = "127.0.0.1";
  return Server::start(
             options,
             {{.method = "POST", .prefix = "/echo", .handler = echo, .body_bytes_max = 1000},
              {.method = "GET", .prefix = "/count", .handler = count},
              {.method = "GET", .prefix = "/endless", .handler = endless}})
      .value();
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

TEST(Server, AnswersByMethodAndPath) {
  const auto server = start();

  const struct {
    const char *request, *says;
  } table[] = {
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi",
       "\r\n\r\nhi"},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: "
       "close\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n",
       "\r\n\r\nhi!"},
      {"GET /count HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
       "1\r\n0\r\n1\r\n1\r\n1\r\n2\r\n0\r\n\r\n"},
      {"GET /count HTTP/1.0\r\n\r\n", "\r\n\r\n012"},
      {"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "405"},
      {"GET /other HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"},
      {"GET /counter HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "404"},
      {"HEAD /count HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "200 OK"},
  };

  for (const auto& row : table) {
    const auto answer = exchange(server->port(), row.request);
    EXPECT_TRUE(contains(answer, row.says)) << row.request << "\n" << answer;
  }
}

TEST(Server, KeepsAConnectionForTheNextRequest) {
  const auto server = start();
  const auto answer =
      exchange(server->port(),
               "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
               "GET /count HTTP/1.1\r\nHost: x\r\n\r\n"
               "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\nb");
  EXPECT_TRUE(contains(answer, "\r\n\r\na"));
  EXPECT_TRUE(contains(answer, "\r\n2\r\n0\r\n\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\nb"));
}

TEST(Server, RefusesBodiesAndHeadersBeyondTheirLimits) {
  const auto server = start();
  EXPECT_TRUE(
      contains(exchange(server->port(),
                        "POST /echo HTTP/1.1\r\nConnection: close\r\nContent-Length: 5000\r\n\r\n" +
                            std::string(5000, 'x')),
               " 413 "));
  const auto answer =
      exchange(server->port(), "GET /count HTTP/1.1\r\nX: " + std::string(100'000, 'x'));
  EXPECT_FALSE(contains(answer, " 200 "));
}

TEST(Server, UndoesGzipWithinTheLimit) {
  const auto server = start();
  // gzip of a million 'a', made by gzip -9, and of "hello".
  const std::string hello(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00"
      "\x00\x00",
      25);
  const auto request = [](const std::string& body) {
    return fmt::format(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n"
        "Connection: close\r\n\r\n{}",
        body.size(), body);
  };
  EXPECT_TRUE(contains(exchange(server->port(), request(hello)), "\r\n\r\nhello"));
  EXPECT_FALSE(contains(exchange(server->port(), request("not gzip at all")), " 200 "));
}

TEST(Server, EndsConnectionsThatSayNothing) {
  const auto server =
      start({.idle_timeout = milliseconds(50), .progress_timeout = milliseconds(50)});
  EXPECT_EQ(receive_until_closed(connect_to(server->port())), "");
  EXPECT_EQ(exchange(server->port(), "GET /count HT"), "");
  EXPECT_EQ(exchange(server->port(), "POST /echo HTTP/1.1\r\nContent-Length: 9\r\n\r\nab"), "");
}

TEST(Server, ASlowReaderHoldsUpNobodyElseAndEnds) {
  const auto server = start({.threads = 2, .progress_timeout = milliseconds(100)});
  const auto slow = connect_to(server->port());
  send_all(slow, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(contains(exchange(server->port(), "GET /count HTTP/1.0\r\n\r\n"), "012"));
  }
}

TEST(Server, ASlowSenderHasTheTimeOfItsRouteAndHoldsUpNoProbe) {
  std::vector<Route> routes{{.method = "POST", .prefix = "/slow", .handler = echo, .body_bytes_max = 1 << 20, .body_timeout = milliseconds(300)},
                            {.method = "POST", .prefix = "/patient", .handler = echo, .body_bytes_max = 1 << 20},
                            {.method = "GET", .prefix = "/probe", .handler = echo, .turn = Turn::at_once}};
  const auto server = Server::start({.address = "127.0.0.1", .threads = 2}, std::move(routes)).value();
  std::vector<FileDescriptor> senders;
  for (const std::string_view path : {"slow", "patient", "patient", "patient"}) {
    senders.push_back(connect_to(server->port()));
    send_all(senders.back(), fmt::format("POST /{} HTTP/1.1\r\nContent-Length: 900000\r\n\r\n{{", path));
  }
  // Both threads wait for bodies by now or soon; the probe is answered all the same, and its connection ends.
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(contains(exchange(server->port(), "GET /probe HTTP/1.1\r\nHost: x\r\n\r\n"), "Connection: close"));
  }
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(receive_until_closed(senders.front()), "");
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));  // of the 30 for its next bytes
}

TEST(Server, SlowSendersAndReadersHoldUpNoOtherRequest) {
  constexpr auto patience = std::chrono::hours(1);
  std::vector<Route> routes{{.method = "POST", .prefix = "/echo", .handler = echo, .body_bytes_max = 1 << 20, .body_timeout = patience},
                            {.method = "GET", .prefix = "/large", .handler = [](const Request&) { return text_response(200, std::string(8 << 20, 'x')); }},
                            {.method = "GET", .prefix = "/count", .handler = count}};
  const auto server = Server::start({.address = "127.0.0.1", .threads = 2, .progress_timeout = patience}, std::move(routes)).value();
  std::vector<FileDescriptor> slow;
  for (int i = 0; i < 6; ++i) {
    slow.push_back(connect_to(server->port()));
    send_all(slow.back(), "POST /echo HTTP/1.1\r\nContent-Length: 900000\r\n\r\n{");
    slow.push_back(connect_to(server->port()));
    send_all(slow.back(), "POST /echo HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    slow.push_back(connect_to(server->port()));
    send_all(slow.back(), "GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  // None of the two threads waits with one of these.
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(contains(exchange(server->port(), "GET /count HTTP/1.0\r\n\r\n"), "012"));
    EXPECT_TRUE(contains(exchange(server->port(), "POST /echo HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi"), "\r\n\r\nhi"));
  }
  const auto& asked = slow[1];
  constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  std::array<char, go_on.size()> told;
  ASSERT_EQ(::recv(asked.get(), told.data(), told.size(), MSG_WAITALL), static_cast<ssize_t>(go_on.size()));
  send_all(asked, "abc");
  std::array<char, 12> answer;
  ASSERT_EQ(::recv(asked.get(), answer.data(), answer.size(), MSG_WAITALL), static_cast<ssize_t>(answer.size()));
  EXPECT_EQ(std::string_view(answer.data(), answer.size()), "HTTP/1.1 200");
}

TEST(Server, BeyondTheBytesThatItHoldsTheOldestMakeWay) {
  std::vector<Route> routes{{.method = "POST", .prefix = "/echo", .handler = echo, .body_bytes_max = 1 << 20}};
  const auto server = Server::start({.address = "127.0.0.1", .held_bytes_max = 150'000}, std::move(routes)).value();
  const std::string half = "POST /echo HTTP/1.1\r\nContent-Length: 100001\r\n\r\n" + std::string(100'000, 'x');
  const auto first = connect_to(server->port()), second = connect_to(server->port());
  send_all(first, half);
  send_all(second, half);
  EXPECT_EQ(receive_until_closed(first), "");
  send_all(second, "x");
  std::array<char, 12> answer;
  ASSERT_EQ(::recv(second.get(), answer.data(), answer.size(), MSG_WAITALL), static_cast<ssize_t>(answer.size()));
  EXPECT_EQ(std::string_view(answer.data(), answer.size()), "HTTP/1.1 200");
}

TEST(Server, BeyondItsConnectionsTheIdleMakeWay) {
  const auto server = start({.connections_max = 2});
  const auto first = connect_to(server->port()), second = connect_to(server->port());
  EXPECT_TRUE(contains(exchange(server->port(), "GET /count HTTP/1.0\r\n\r\n"), "012"));
  EXPECT_EQ(receive_until_closed(first), "");
}

TEST(Server, ClosesWhatIsBeyondItsConnections) {
  const auto server = start({.connections_max = 2});
  const auto first = connect_to(server->port()), second = connect_to(server->port());
  // Answered without end, so surely at work.
  constexpr std::string_view asks = "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n";
  send_all(first, asks);
  send_all(second, asks);
  std::array<char, 1> byte;
  ASSERT_EQ(::recv(first.get(), byte.data(), 1, 0), 1);
  ASSERT_EQ(::recv(second.get(), byte.data(), 1, 0), 1);
  EXPECT_EQ(exchange(server->port(), "GET /count HTTP/1.0\r\n\r\n"), "");
}

TEST(Server, EndsWithItsAnswersUnderWay) {
  auto server = start();
  const auto client = connect_to(server->port());
  send_all(client, "GET /endless HTTP/1.1\r\nHost: x\r\n\r\n");
  std::array<char, 10> bytes;
  ASSERT_GT(::recv(client.get(), bytes.data(), bytes.size(), 0), 0);
  server.reset();
}

TEST(Server, SaysThatAPortIsTaken) {
  const auto server = start();
  const auto second = Server::start({.address = "127.0.0.1", .port = server->port()}, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::port_in_use);
}

TEST(StatusEndpoint, SaysWhatIsMissing) {
  const Metrics metrics(std::vector<MetricFamily>{{.name = "x_total", .help = "X."}});
  const auto server =
      Server::start({.address = "127.0.0.1"},
                    status_routes([&] { return metrics.text(); },
                                  []() -> Result<> {
                                    return failure(Code::not_healthy, "the cache is not complete");
                                  }))
          .value();
  const auto get = [&](const std::string& path) {
    return exchange(server->port(), "GET " + path + " HTTP/1.0\r\n\r\n");
  };
  EXPECT_TRUE(contains(get("/healthz"), "200 OK"));
  EXPECT_TRUE(contains(get("/readyz"), "503"));
  EXPECT_TRUE(contains(get("/readyz"), "the cache is not complete"));
  const auto numbers = get("/metrics");
  EXPECT_TRUE(contains(numbers, "# TYPE x_total counter"));
  for (const char* name : {"process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_start_time_seconds 1"}) {
    EXPECT_TRUE(contains(numbers, std::string("\n") + name)) << name;
  }
  EXPECT_FALSE(contains(numbers, "process_resident_memory_bytes 0.")) << numbers;
}

}  // namespace
}  // namespace holdfast::agent
