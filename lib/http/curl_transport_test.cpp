// SPDX-License-Identifier: Apache-2.0
#include "fakes/loopback.h"
#include "http/transport.h"

#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <latch>
#include <semaphore>
#include <set>
#include <thread>

namespace holdfast::http {
namespace {

using fakes::Connection;
using fakes::Loopback;
using fakes::Received;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::unique_ptr<Transport> transport_with(Options options) {
  options.retry = {milliseconds(1), milliseconds(10)};
  return *make_curl_transport(std::move(options));
}

std::unique_ptr<Transport> plain_transport() {
  return transport_with({});
}

TEST(CurlTransport, SendsARequestAndReturnsTheAnswer) {
  const auto server = Loopback::answering([](const Received& got, Connection& peer) {
    peer.answer(201,
                got.method + " " + got.target + " " + got.headers.at("x-a") + " " + got.body + " " +
                    (got.headers.contains("content-type") ? "typed" : "untyped"),
                "X-Answer:  yes \r\nX-Answer: two\r\n");
  });
  const auto transport = plain_transport();
  const auto answer = transport->send(
      {.method = "PATCH", .url = server->url("/p?q=1"), .headers = {{"X-A", "b"}}, .body = "body"});
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->status, 201);
  EXPECT_EQ(answer->body, "PATCH /p?q=1 b body untyped");
  EXPECT_EQ(answer->header("x-ANSWER"), "yes");
  EXPECT_EQ(answer->headers.size(), 3U);
}

TEST(CurlTransport, KeepsHeadAndEmptyBodiesApart) {
  const auto server = Loopback::answering([](const Received& got, Connection& peer) {
    if (got.method == "HEAD") {
      peer.write("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    } else {
      peer.answer(200, got.method + got.headers.at("content-length"));
    }
  });
  const auto transport = plain_transport();
  EXPECT_EQ(transport->send({.method = "HEAD", .url = server->url("/")})->header("content-length"),
            "1000");
  EXPECT_EQ(transport->send({.method = "POST", .url = server->url("/")})->body, "POST0");
  EXPECT_EQ(server->connections(), 1);
}

TEST(CurlTransport, StreamsARequestBodyOfTensOfMegabytes) {
  constexpr std::size_t size = 40 << 20;
  const auto server = Loopback::answering([](const Received& got, Connection& peer) {
    peer.answer(200, std::to_string(got.body.size()) + got.body.substr(got.body.size() - 3));
  });
  const BodySource source = [](std::uint64_t offset, std::span<char> into) -> Result<std::size_t> {
    const std::size_t count = std::min<std::size_t>(into.size(), size - offset);
    std::ranges::fill(into.first(count), 'x');
    return count;
  };
  const auto transport = plain_transport();
  for (const auto known : {std::optional<std::uint64_t>(size), std::optional<std::uint64_t>()}) {
    const auto answer = transport->send({.method = "PUT",
                                         .url = server->url("/"),
                                         .body_source = source,
                                         .body_source_size = known});
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(answer->body, "41943040xxx");
  }
}

TEST(CurlTransport, PassesOnTheRefusalOfABodySource) {
  const auto server =
      Loopback::answering([](const Received&, Connection& peer) { peer.answer(200, ""); });
  const auto answer = plain_transport()->send(
      {.method = "PUT",
       .url = server->url("/"),
       .body_source = [](std::uint64_t, std::span<char>) -> Result<std::size_t> {
         return failure(Code::file_unreadable, "the disk is gone");
       }});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), Code::file_unreadable);
}

TEST(CurlTransport, StreamsAResponseLargerThanItsBufferToASlowReader) {
  constexpr int pieces = 500;
  const std::string piece(64 << 10, 'y');
  const auto server = Loopback::answering([&](const Received&, Connection& peer) {
    peer.begin_chunked();
    for (int i = 0; i < pieces; ++i) {
      if (!peer.chunk(piece)) return;
    }
    peer.chunk("");
  });
  const auto transport = plain_transport();
  std::size_t seen = 0;
  const auto incoming = transport->open({.url = server->url("/")}, {});
  ASSERT_TRUE(incoming.has_value()) << incoming.error().message();
  EXPECT_EQ((*incoming)->head().status, 200);
  // Other calls go on while nobody reads the stream.
  EXPECT_TRUE(transport->send({.url = server->url("/")}).has_value());
  while (true) {
    const auto next = (*incoming)->next({});
    ASSERT_TRUE(next.has_value()) << next.error().message();
    if (next->empty()) break;
    EXPECT_LE(next->size(), std::size_t{9} << 20);
    seen += next->size();
  }
  EXPECT_EQ(seen, pieces * piece.size());
}

TEST(CurlTransport, EndsAStreamWhenTheSinkHasEnough) {
  const auto server = Loopback::answering([](const Received&, Connection& peer) {
    peer.begin_chunked();
    peer.chunk("one");
    peer.wait_until_closed();
  });
  std::vector<std::string> seen;
  const auto answer = plain_transport()->stream({.url = server->url("/")},
                                                [&](std::string_view data) {
                                                  seen.emplace_back(data);
                                                  return data.empty();
                                                },
                                                {});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(seen, (std::vector<std::string>{"", "one"})) << "the answer, then its first bytes";
}

TEST(CurlTransport, SendsWhileAnotherRequestToTheSamePlaceWaitsForItsAnswer) {
  std::latch second_came(1);
  const auto server = Loopback::answering([&](const Received& got, Connection& peer) {
    if (got.target == "/first") {
      second_came.wait();
    } else {
      second_came.count_down();
    }
    peer.answer(200, got.target);
  });
  const auto answers = plain_transport()->send_all({{.url = server->url("/first"), .timeout = seconds(10)},
                                                    {.url = server->url("/second"), .timeout = seconds(5)}},
                                                   2);
  if (!answers[1]) second_came.count_down();
  ASSERT_TRUE(answers[1].has_value()) << answers[1].error().message();
  ASSERT_TRUE(answers[0].has_value()) << answers[0].error().message();
}

TEST(CurlTransport, EndsAStreamWhenAskedToStop) {
  std::stop_source stop;
  const auto server = Loopback::answering([&](const Received& got, Connection& peer) {
    if (got.target == "/silent") {
      stop.request_stop();
      peer.wait_until_closed();
      return;
    }
    peer.begin_chunked();
    peer.chunk("one");
    peer.wait_until_closed();
  });
  const auto transport = plain_transport();
  const auto answer = transport->stream(
      {.url = server->url("/")},
      [&](std::string_view) {
        stop.request_stop();
        return true;
      },
      stop.get_token());
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  stop = {};
  const auto silent = transport->open({.url = server->url("/silent")}, stop.get_token());
  ASSERT_FALSE(silent.has_value());
  EXPECT_EQ(silent.error().code(), Code::stopped);
}

TEST(CurlTransport, SendsNothingAfterAStop) {
  const auto server = Loopback::answering([](const Received&, Connection& peer) { peer.answer(200, "quick"); });
  const auto transport = plain_transport();
  std::stop_source stop;
  stop.request_stop();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(transport->open({.url = server->url("/")}, stop.get_token()).error().code(), Code::stopped);
  }
  EXPECT_EQ(server->connections(), 0);
}

TEST(CurlTransport, ReturnsTheBodyOfARefusedStream) {
  const auto server =
      Loopback::answering([](const Received&, Connection& peer) { peer.answer(410, "gone"); });
  const auto answer = plain_transport()->stream({.url = server->url("/")},
                                                [](std::string_view) { return true; }, {});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 410);
  EXPECT_EQ(answer->body, "gone");
}

TEST(CurlTransport, GivesUpAtTheDeadline) {
  Loopback silent([](Connection& peer) { peer.wait_until_closed(); });
  Loopback slow([](Connection& peer) {
    peer.read();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
    peer.wait_until_closed();
  });
  const auto transport = plain_transport();
  for (const auto* server : {&silent, &slow}) {
    const auto answer =
        transport->send({.url = server->url("/x?secret=1"), .timeout = milliseconds(150)});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code(), Code::timed_out);
    EXPECT_EQ(
        answer.error().message(),
        fmt::format("no complete answer within 0.1 s (GET http://127.0.0.1:{}/x)", server->port()));
  }
}

TEST(CurlTransport, GivesUpAStreamThatMakesNoProgress) {
  Loopback stalled([](Connection& peer) {
    peer.read();
    peer.begin_chunked();
    peer.chunk("one");
    peer.wait_until_closed();
  });
  const auto answer =
      plain_transport()->stream({.url = stalled.url("/"), .timeout = milliseconds(200)},
                                [](std::string_view) { return true; }, {});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), Code::timed_out);
  EXPECT_TRUE(answer.error().message().starts_with("no byte arrived for 0.2 s"))
      << answer.error().message();
}

TEST(CurlTransport, GivesUpAStreamThatMakesProgressForEver) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  // Each peer goes on for as long as it is listened to: in its headers, or in its body.
  Loopback headers([&](Connection& peer) {
    peer.read();
    for (int i = 0; peer.write(i == 0 ? head : fmt::format("X-{}: y\r\n", i)) && peer.pause(milliseconds(20)); ++i) {}
  });
  Loopback body([](Connection& peer) {
    peer.read();
    peer.begin_chunked();
    while (peer.chunk("x") && peer.pause(milliseconds(20))) {}
  });
  for (const auto* server : {&headers, &body}) {
    const auto answer =
        plain_transport()->stream({.url = server->url("/"), .timeout = std::chrono::seconds(5), .whole = milliseconds(200)},
                                  [](std::string_view) { return true; }, {});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().message(),
              fmt::format("no complete answer within 0.2 s (GET http://127.0.0.1:{}/)", server->port()));
  }
}

TEST(CurlTransport, RefusesWhatIsTooLarge) {
  const auto server = Loopback::answering([](const Received& got, Connection& peer) {
    const std::string large(2000, 'z');
    if (got.target == "/announced") {
      peer.answer(200, large);
    } else if (got.target == "/chunked") {
      peer.begin_chunked();
      peer.chunk(large);
      peer.chunk("");
    } else {
      std::string headers;
      for (int i = 0; i < 100; ++i)
        headers += fmt::format("X-{}: {}\r\n", i, large);
      peer.answer(200, "", headers);
    }
  });
  const auto transport = transport_with({.response_bytes_max = 1000});
  for (const auto* path : {"/announced", "/chunked", "/headers"}) {
    const auto answer = transport->send({.url = server->url(path), .attempts = 3});
    ASSERT_FALSE(answer.has_value()) << path;
    EXPECT_EQ(answer.error().code(), Code::limit) << path << answer.error().message();
  }
}

TEST(CurlTransport, GivesUpAConnectionThatDoesNotComeAboutAndTriesAnother) {
  Loopback server([](Connection& peer) { peer.wait_until_closed(); });
  const auto transport = transport_with({.connect_timeout = milliseconds(50)});
  const auto answer = transport->send({.url = fmt::format("https://127.0.0.1:{}/", server.port()), .attempts = 3});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), Code::unreachable);
  EXPECT_EQ(server.connections(), 3);
}

TEST(CurlTransport, NamesTheCauseOfALostPeerInLibcurlsWords) {
  const auto transport = plain_transport();
  const auto refused =
      transport->send({.url = fmt::format("http://127.0.0.1:{}/", fakes::closed_port())});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::unreachable);
  EXPECT_EQ(refused.error().what(), "the peer cannot be reached");
  ASSERT_EQ(refused.error().causes().size(), 2U);
  EXPECT_TRUE(refused.error().causes()[0].starts_with("Failed to connect to 127.0.0.1 port"));
  EXPECT_EQ(refused.error().causes()[1], "Connection refused");

  Loopback cutting([](Connection& peer) {
    peer.read();
    peer.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345");
  });
  const auto cut = transport->send({.url = cutting.url("/")});
  ASSERT_FALSE(cut.has_value());
  EXPECT_EQ(cut.error().code(), Code::unreachable);
  EXPECT_EQ(cut.error().what(), "the connection ended before the answer was complete");
  EXPECT_NE(cut.error().causes()[0].find("5 bytes remaining"), std::string::npos)
      << cut.error().message();

  Loopback garbage([](Connection& peer) {
    peer.read();
    peer.write("\x16\x03\x01 what");
  });
  EXPECT_FALSE(transport->send({.url = garbage.url("/")}).has_value());
}

TEST(CurlTransport, RefusesToSendWhatBreaksALine) {
  const auto transport = plain_transport();
  for (const Header& bad : {Header{"X-A", "b\r\nX-C: d"}, Header{"X A", "b"}, Header{"", "b"},
                            Header{"X:", "b"}, Header{"X-A", std::string("b\0c", 3)}}) {
    const auto answer = transport->send({.url = "http://127.0.0.1:1/", .headers = {bad}});
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().code(), Code::wrong_type) << bad.name;
  }
}

TEST(CurlTransport, RetriesWhatMayBeRetried) {
  std::atomic<int> requests = 0;
  const auto server = Loopback::answering([&](const Received& got, Connection& peer) {
    const int number = ++requests;
    if (number < 3) {
      peer.answer(got.method == "GET" ? 503 : 429, "later", "Retry-After: 0\r\n");
    } else {
      peer.answer(200, "now");
    }
  });
  const auto transport = plain_transport();
  for (const auto* method : {"GET", "POST"}) {
    requests = 0;
    const auto answer = transport->send({.method = method, .url = server->url("/"), .attempts = 4});
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->body, "now") << method;
    EXPECT_EQ(requests, 3);
  }
  requests = 0;
  EXPECT_EQ(transport->send({.url = server->url("/"), .attempts = 2})->status, 503);
  EXPECT_EQ(requests, 2);
  requests = 0;
  std::string seen;
  const auto streamed = transport->stream({.url = server->url("/"), .attempts = 3},
                                          [&](std::string_view data) {
                                            seen += data;
                                            return true;
                                          },
                                          {});
  EXPECT_EQ(streamed->status, 200);
  EXPECT_EQ(seen, "now");
}

TEST(CurlTransport, PrefersTheAnswerOverWaitingBeyondTheDeadline) {
  const auto server = Loopback::answering([](const Received&, Connection& peer) {
    peer.answer(429, "later", "Retry-After: 3600\r\n");
  });
  const auto answer = plain_transport()->send({.url = server->url("/"), .attempts = 5});
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status, 429);
}

TEST(CurlTransport, DoesNotRepeatAnUnsafeRequestThatWasCut) {
  std::atomic<int> requests = 0;
  Loopback server([&](Connection& peer) {
    if (peer.read()) ++requests;
  });
  const auto transport = plain_transport();
  EXPECT_FALSE(
      transport->send({.method = "POST", .url = server.url("/"), .attempts = 3}).has_value());
  EXPECT_EQ(requests, 1);
  EXPECT_FALSE(
      transport
          ->send({.method = "PATCH", .url = server.url("/"), .attempts = 3, .replay = Replay::safe})
          .has_value());
  EXPECT_EQ(requests, 4);
}

TEST(CurlTransport, DoesNotRepeatAnUnsafeRequestOnAConnectionThatEnded) {
  std::atomic<int> requests = 0;
  const auto server = Loopback::answering([&](const Received& got, Connection& peer) {
    if (got.method == "GET") {
      peer.answer(200, "");
    } else {
      ++requests;
      peer.shut_down();
    }
  });
  const auto transport = plain_transport();
  EXPECT_TRUE(transport->send({.url = server->url("/")}).has_value());
  EXPECT_FALSE(
      transport->send({.method = "POST", .url = server->url("/"), .body = "x"}).has_value());
  EXPECT_EQ(requests, 1);
}

TEST(CurlTransport, FollowsRedirectsOnlyWhereAllowed) {
  std::string authorization = "unset";
  const auto target = Loopback::answering([&](const Received& got, Connection& peer) {
    authorization =
        got.headers.contains("authorization") ? got.headers.at("authorization") : "none";
    peer.answer(200, "arrived");
  });
  const auto server = Loopback::answering([&](const Received& got, Connection& peer) {
    peer.answer(302, "",
                "Location: " + (got.target == "/loop" ? "/loop" : target->url("/there")) + "\r\n");
  });
  const auto transport = plain_transport();
  Request request{.url = server->url("/here"), .headers = {{"Authorization", "Bearer t"}}};
  EXPECT_EQ(transport->send(request)->status, 302);
  request.redirects_max = 3;
  EXPECT_EQ(transport->send(request)->body, "arrived");
  EXPECT_EQ(authorization, "none");
  request.url = server->url("/loop");
  EXPECT_EQ(transport->send(request)->status, 302);
}

TEST(CurlTransport, SendsManyWithABoundInFlightAndKeepsTheirOrder) {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  const auto server = Loopback::answering([&](const Received& got, Connection& peer) {
    const int here = ++now;
    int seen = most;
    while (here > seen && !most.compare_exchange_weak(seen, here)) {
    }
    --now;
    peer.answer(200, got.target);
  });
  std::vector<Request> requests;
  for (int i = 0; i < 200; ++i)
    requests.push_back({.url = server->url(fmt::format("/{}", i))});
  requests[17].url = "gopher://nowhere";
  requests[30].url = fmt::format("http://127.0.0.1:{}/", fakes::closed_port());
  const auto transport = plain_transport();
  const auto answers = transport->send_all(std::move(requests), 8);
  ASSERT_EQ(answers.size(), 200U);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (i == 17) {
      EXPECT_EQ(answers[i].error().code(), Code::wrong_type);
    } else if (i == 30) {
      EXPECT_EQ(answers[i].error().code(), Code::unreachable);
    } else {
      ASSERT_TRUE(answers[i].has_value()) << answers[i].error().message();
      EXPECT_EQ(answers[i]->body, fmt::format("/{}", i));
    }
  }
  EXPECT_LE(most, 8);
  EXPECT_LE(server->connections(), 8);
  EXPECT_TRUE(transport->send_all({}, 8).empty());
}

TEST(CurlTransport, KeepsItsConnectionsWhenOneAnswerComesAfterTheOthers) {
  constexpr int together = 8;
  std::barrier all_there(together);
  const auto server = Loopback::answering([&](const Received& got, Connection& peer) {
    if (got.target == "/together") all_there.arrive_and_wait();
    peer.answer(200, "");
  });
  const auto transport = plain_transport();
  const auto ask_together = [&] {
    std::vector<std::jthread> askers;
    for (int i = 0; i < together; ++i) {
      askers.emplace_back([&] { EXPECT_TRUE(transport->send({.url = server->url("/together")}).has_value()); });
    }
  };
  ASSERT_TRUE(transport->send({.url = server->url("/alone")}).has_value());
  ask_together();
  ASSERT_TRUE(transport->send({.url = server->url("/alone")}).has_value());
  ask_together();
  EXPECT_EQ(server->connections(), together);
}

TEST(CurlTransport, BatchesWithoutAnswersLeaveOthersTheirTurn) {
  constexpr int batches = 3;
  std::counting_semaphore<64> held(0);
  std::latch let_go(1);
  const auto server = Loopback::answering([&](const Received& got, Connection& peer) {
    if (got.target == "/held") {
      held.release();
      let_go.wait();
    }
    peer.answer(200, "");
  });
  Options options;
  options.in_flight_max = 8;
  const auto transport = *make_curl_transport(options);
  ASSERT_TRUE(transport->send({.url = server->url("/first")}).has_value());
  std::vector<std::jthread> askers;
  for (int i = 0; i < batches; ++i) {
    askers.emplace_back([&] {
      const std::vector<Request> requests(8, {.url = server->url("/held")});
      for (const auto& answer : transport->send_all(requests, 8)) EXPECT_TRUE(answer.has_value());
    });
  }
  for (int i = 0; i < batches * 2; ++i) held.acquire();
  std::vector<Request> requests(10, {.url = server->url("/quick"), .timeout = seconds(5)});
  for (const auto& answer : transport->send_all(std::move(requests), 8)) EXPECT_TRUE(answer.has_value());
  EXPECT_TRUE(transport->send({.url = server->url("/quick"), .timeout = seconds(5)}).has_value());
  let_go.count_down();
}

TEST(CurlTransport, LetsTheFirstRequestToAPlaceGoAlone) {
  std::atomic<int> connections_at_first_answer = 0;
  Loopback* self = nullptr;
  Loopback server([&](Connection& peer) {
    while (peer.read()) {
      if (peer.number() == 0 && connections_at_first_answer == 0) {
        connections_at_first_answer = self->connections();
      }
      peer.answer(200, "");
    }
  });
  self = &server;
  std::vector<Request> requests(20, Request{.url = server.url("/")});
  for (const auto& answer : plain_transport()->send_all(std::move(requests), 20))
    EXPECT_TRUE(answer.has_value());
  EXPECT_EQ(connections_at_first_answer, 1);
}

TEST(CurlTransport, GoesThroughTheProxyItIsGivenAndNoOther) {
  ::setenv("http_proxy", "http://127.0.0.1:1", 1);
  const auto proxy = Loopback::answering(
      [](const Received& got, Connection& peer) { peer.answer(200, "proxied " + got.target); });
  const auto server =
      Loopback::answering([](const Received&, Connection& peer) { peer.answer(200, "direct"); });
  EXPECT_EQ(plain_transport()->send({.url = server->url("/")})->body, "direct");
  EXPECT_EQ(
      transport_with({.proxy = proxy->url("")})->send({.url = "http://nowhere.example/x"})->body,
      "proxied http://nowhere.example/x");
  EXPECT_EQ(transport_with({.proxy = proxy->url(""), .no_proxy = "127.0.0.1"})
                ->send({.url = server->url("/")})
                ->body,
            "direct");
  ::unsetenv("http_proxy");
}

}  // namespace
}  // namespace holdfast::http
