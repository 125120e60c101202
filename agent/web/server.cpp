// SPDX-License-Identifier: Apache-2.0
#include "agent/web/server.h"

#include "agent/web/gunzip.h"
#include "base/guarded.h"
#include "base/log.h"
#include "base/text.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <deque>
#include <future>
#include <optional>
#include <thread>

namespace holdfast::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using boost::system::error_code;
using Parser = beast::http::request_parser<beast::http::buffer_body>;
using Done = std::function<void(error_code)>;

constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

Error connection_error(error_code status) {
  const bool late = status == beast::error::timeout;
  return Error(late ? Code::timed_out : Code::unreachable, "the client's connection ended")
      .because(status.message());
}

struct Found {
  const Route* route = nullptr;
  bool path_known = false;  // with another method
};

}  // namespace

// A connection belongs to the socket thread while it waits for a request or sends a whole answer, and to one worker
// in between. What a worker reads and writes itself, of what is streamed, runs on the socket thread and it waits
// for that, so that Beast's deadlines hold.
class Connection {
 public:
  Connection(asio::ip::tcp::socket socket, Server::State& server)
      : stream_(std::move(socket)), server_(server) {}

  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  using Owner = std::shared_ptr<Connection>;
  static void wait_for_request(const Owner& self);  // on the socket thread
  static void answer(const Owner& self);            // on a worker
  static void cut(const Owner& self);               // from anywhere
  void take_request();                              // whose header is read
  static void receive_body(const Owner& self);      // of that request; then it is the workers'
  [[nodiscard]] Turn turn() const { return found_.route == nullptr ? Turn::in_line : found_.route->turn; }
  bool make_way();                                  // on the socket thread; true when it ends
  [[nodiscard]] std::size_t held() const { return held_; }

 private:
  Request make_request() const;
  static void receive_more(const Owner& self);
  static void send(const Owner& self, std::string answer);
  void hold(std::size_t bytes);
  void let_go();
  Result<std::string_view> next_portion(std::size_t bytes_max);
  Result<std::string_view> read_body(std::size_t bytes_max);
  Result<std::size_t> read_some(std::array<char, 65536>& into);
  enum class Next { request, close };
  static Response make_answer(const Owner& self);
  Result<> send_stream(const Response& response);
  Result<> write(std::string_view bytes);
  enum class Framing { whole, chunked, until_closed };
  [[nodiscard]] bool keeps_alive() const { return parser_->get().keep_alive() && turn() == Turn::in_line; }
  [[nodiscard]] std::string head_of(const Response& response, Framing framing) const;
  [[nodiscard]] Next next_of(const Result<>& sent) const;
  static void finish(const Owner& self, Next next);

  // Starts `operation` on the socket thread and waits for its end, at most until `end`.
  error_code run(SteadyTime end, const std::function<void(Done)>& operation);

  beast::tcp_stream stream_;
  Server::State& server_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<Gunzip> gunzip_;
  std::array<char, 65536> portion_;
  std::string plain_;
  std::string received_;       // a whole body, as it was sent
  std::size_t taken_ = 0;      // of it
  std::string answer_;         // a whole one, while it is sent
  std::size_t held_ = 0;       // bytes of these two, as the server counts them; of the socket thread
  std::size_t body_bytes_ = 0;
  SteadyTime body_deadline_, answer_deadline_;
  Request request_;
  Found found_;
  bool waits_ = true;  // for its client; of the socket thread
};

struct Server::State {
  explicit State(const ServerOptions& given) : options(given) {}

  Result<> listen();
  void accept();
  bool has_room();
  void make_room_for_bytes();
  struct Line {
    Guarded<std::deque<std::shared_ptr<Connection>>> connections;  // bounded by connections_max
    std::condition_variable_any arrived;
  };

  void work(Line& line, const std::stop_token& token);

  Found find_route(const Request& request) const;
  void enqueue(std::shared_ptr<Connection> connection);

  ServerOptions options;
  std::vector<Route> routes;
  std::atomic<int> connections = 0;  // outlives the connections that `sockets` holds, and so does this:
  std::atomic<std::size_t> held_bytes = 0;
  asio::io_context sockets{1};
  // A worker may need the socket thread when nothing else does.
  asio::executor_work_guard<asio::io_context::executor_type> busy{sockets.get_executor()};
  asio::ip::tcp::acceptor acceptor{sockets};
  asio::steady_timer pause{sockets};
  Line in_line, at_once;
  Guarded<std::vector<std::weak_ptr<Connection>>> open;
  std::stop_source stop;
  std::vector<std::jthread> workers;
  std::jthread socket_thread;
};

Connection::~Connection() {
  let_go();
  --server_.connections;
}

// May end this connection, too.
void Connection::hold(std::size_t bytes) {
  held_ += bytes;
  server_.held_bytes += bytes;
  if (server_.held_bytes > server_.options.held_bytes_max) server_.make_room_for_bytes();
}

void Connection::let_go() { server_.held_bytes -= std::exchange(held_, 0); }

void Connection::wait_for_request(const Owner& self) {
  if (self->server_.stop.stop_requested()) return;
  auto& parser = self->parser_.emplace();
  parser.header_limit(static_cast<std::uint32_t>(self->server_.options.header_bytes_max));
  parser.body_limit(boost::none);  // counted as it comes, by route
  self->waits_ = true;
  self->let_go();
  self->gunzip_.reset();
  self->plain_.clear();
  self->received_ = {};
  self->taken_ = 0;
  self->answer_ = {};
  self->body_bytes_ = 0;
  self->stream_.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      self->server_.options.idle_timeout));
  beast::http::async_read_header(self->stream_, self->buffer_, parser,
                                 [self](error_code status, std::size_t) {
                                   if (status) return;  // closed, late, or not HTTP
                                   self->take_request();
                                   receive_body(self);
                                 });
}

void Connection::receive_body(const Owner& self) {
  const Route* route = self->found_.route;
  const auto length = self->parser_->content_length();
  const bool too_long = route != nullptr && length && *length > route->body_bytes_max;
  if (route == nullptr || route->body == Body::streamed || too_long || self->parser_->is_done()) {
    self->waits_ = false;
    return self->server_.enqueue(self);
  }
  self->body_deadline_ = std::chrono::steady_clock::now() + std::chrono::duration_cast<SteadyTime::duration>(route->body_timeout);
  if (self->request_.header("expect") != "100-continue") return receive_more(self);
  self->stream_.expires_at(self->body_deadline_);
  asio::async_write(self->stream_, asio::buffer(go_on.data(), go_on.size()), [self](error_code status, std::size_t) {
    if (!status) receive_more(self);
  });
}

void Connection::receive_more(const Owner& self) {
  auto& body = self->parser_->get().body();
  body.data = self->portion_.data();
  body.size = self->portion_.size();
  body.more = true;
  const auto progress = std::chrono::duration_cast<SteadyTime::duration>(self->server_.options.progress_timeout);
  self->stream_.expires_at(std::min(self->body_deadline_, std::chrono::steady_clock::now() + progress));
  beast::http::async_read_some(self->stream_, self->buffer_, *self->parser_, [self](error_code status, std::size_t) {
    if (status && status != beast::http::error::need_buffer) return;
    const std::size_t count = self->portion_.size() - self->parser_->get().body().size;
    self->received_.append(self->portion_.data(), count);
    self->hold(count);
    if (!self->waits_) return;
    if (!self->parser_->is_done() && self->received_.size() <= self->found_.route->body_bytes_max) return receive_more(self);
    self->waits_ = false;
    self->server_.enqueue(self);
  });
}

error_code Connection::run(SteadyTime end, const std::function<void(Done)>& operation) {
  std::promise<error_code> promise;
  const auto progress = std::chrono::duration_cast<std::chrono::steady_clock::duration>(server_.options.progress_timeout);
  asio::post(stream_.get_executor(), [&] {
    stream_.expires_at(std::min(end, std::chrono::steady_clock::now() + progress));
    operation([&](error_code status) { promise.set_value(status); });
  });
  return promise.get_future().get();
}

Result<std::size_t> Connection::read_some(std::array<char, 65536>& into) {
  auto& body = parser_->get().body();
  body.data = into.data();
  body.size = into.size();
  body.more = true;
  const auto status = run(body_deadline_, [&](Done done) {
    beast::http::async_read(stream_, buffer_, *parser_,
                            [done = std::move(done)](error_code s, std::size_t) { done(s); });
  });
  if (status && status != beast::http::error::need_buffer) return failure(connection_error(status));
  return into.size() - body.size;
}

// As it was sent; empty at the end.
Result<std::string_view> Connection::next_portion(std::size_t bytes_max) {
  std::string_view bytes = std::string_view(received_).substr(taken_, portion_.size());
  taken_ += bytes.size();
  while (bytes.empty() && !parser_->is_done()) {
    if (found_.route->body == Body::whole) return failure(Code::limit, "the request's body is larger than {} bytes", bytes_max);
    const auto count = TRY(read_some(portion_));
    bytes = std::string_view(portion_.data(), count);
  }
  body_bytes_ += bytes.size();
  if (body_bytes_ > bytes_max) return failure(Code::limit, "the request's body is larger than {} bytes", bytes_max);
  return bytes;
}

Result<std::string_view> Connection::read_body(std::size_t bytes_max) {
  while (true) {
    const auto bytes = TRY(next_portion(bytes_max));
    if (bytes.empty() || !gunzip_) return bytes;
    plain_.clear();
    TRY(gunzip_->feed(bytes, plain_, bytes_max));
    if (!plain_.empty()) return std::string_view(plain_);
  }
}

Request Connection::make_request() const {
  const auto& message = parser_->get();
  Request request{.method = std::string(message.method_string())};
  const std::string_view target(message.target().data(), message.target().size());
  const auto mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  request.query = target.substr(std::min(mark + 1, target.size()));
  for (const auto& field : message) {
    request.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  return request;
}

bool Connection::make_way() {
  if (!waits_) return false;
  stream_.close();
  let_go();
  waits_ = false;
  return true;
}

void Connection::take_request() {
  request_ = make_request();
  found_ = server_.find_route(request_);
}

void Connection::answer(const Owner& self) {
  const auto response = make_answer(self);
  const bool head_only = self->parser_->get().method() == beast::http::verb::head;
  if (response.stream && !head_only) return finish(self, self->next_of(self->send_stream(response)));
  send(self, self->head_of(response, Framing::whole) + (head_only ? std::string() : response.body));
}

void Connection::send(const Owner& self, std::string answer) {
  self->answer_ = std::move(answer);
  asio::post(self->stream_.get_executor(), [self] {
    self->waits_ = true;
    self->let_go();
    self->received_ = {};
    self->hold(self->answer_.size());
    const auto progress = std::chrono::duration_cast<SteadyTime::duration>(self->server_.options.progress_timeout);
    self->stream_.expires_after(progress);
    asio::async_write(self->stream_, asio::buffer(self->answer_), [self](error_code status, std::size_t) {
      finish(self, self->next_of(status ? Result<>(failure(connection_error(status))) : Result<>()));
    });
  });
}

Response Connection::make_answer(const Owner& self) {
  const auto from_now = [now = std::chrono::steady_clock::now()](Duration time) {
    return now + std::chrono::duration_cast<SteadyTime::duration>(time);
  };
  self->answer_deadline_ = from_now(self->server_.options.answer_timeout);
  Request request = std::exchange(self->request_, {});
  const auto [route, path_known] = self->found_;
  if (route == nullptr) {
    return path_known ? text_response(405, "the method is not allowed here\n")
                      : text_response(404, "there is nothing here\n");
  }
  const auto coding = request.header("content-encoding");
  if (coding == "gzip") {
    self->gunzip_.emplace();
  } else if (!coding.empty()) {
    return text_response(415, "only gzip is understood\n");
  }
  self->body_deadline_ = from_now(route->body_timeout);
  const std::size_t bytes_max = route->body_bytes_max;
  const bool awaited = route->body == Body::streamed && request.header("expect") == "100-continue";
  request.read_body = [own = self.get(), bytes_max, waits = awaited]() mutable -> Result<std::string_view> {
    if (std::exchange(waits, false)) TRY(own->write(go_on));
    return own->read_body(bytes_max);
  };
  request.cut = [weak = std::weak_ptr(self)] {
    if (const auto open = weak.lock()) cut(open);
  };
  return route->handler(request);
}

std::string Connection::head_of(const Response& response, Framing framing) const {
  const auto reason = beast::http::obsolete_reason(
      beast::http::int_to_status(static_cast<unsigned>(response.status)));
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status,
                                 std::string_view(reason.data(), reason.size()));
  for (const auto& header : response.headers) {
    head += fmt::format("{}: {}\r\n", header.name, header.value);
  }
  head += "X-Content-Type-Options: nosniff\r\n";
  if (framing == Framing::whole)
    head += fmt::format("Content-Length: {}\r\n", response.body.size());
  if (framing == Framing::chunked) head += "Transfer-Encoding: chunked\r\n";
  if (!keeps_alive()) head += "Connection: close\r\n";
  return head + "\r\n";
}

Connection::Next Connection::next_of(const Result<>& sent) const {
  // A body that nobody read would be taken for the next request.
  const bool reusable = sent && parser_->is_done() && keeps_alive();
  return reusable ? Next::request : Next::close;
}

Result<> Connection::send_stream(const Response& response) {
  const bool chunked = parser_->get().version() >= 11;  // else the end of the connection ends it
  TRY(write(head_of(response, chunked ? Framing::chunked : Framing::until_closed)));
  const auto chunk = [&](std::string_view bytes) -> Result<> {
    if (bytes.empty()) return {};
    if (std::chrono::steady_clock::now() > answer_deadline_) {
      return failure(Code::timed_out, "the client reads too slowly");
    }
    if (!chunked) return write(bytes);
    std::string framed = fmt::format("{:x}\r\n", bytes.size());
    framed += bytes;
    return write(framed + "\r\n");
  };
  const auto done = response.stream(chunk, server_.stop.get_token());
  if (!done) {
    log::debug("an answer was cut off", {{"because", done.error().message()}});
    return done;
  }
  if (!chunked) return failure(Code::stopped, "the end of the connection is the end of the answer");
  return write("0\r\n\r\n");
}

Result<> Connection::write(std::string_view bytes) {
  const auto status = run(answer_deadline_, [&](Done done) {
    asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()),
                      [done = std::move(done)](error_code s, std::size_t) { done(s); });
  });
  if (status) return failure(connection_error(status));
  return {};
}

void Connection::finish(const Owner& self, Next next) {
  asio::post(self->stream_.get_executor(), [self, next] {
    if (next == Next::request) return wait_for_request(self);
    error_code ignored;
    self->stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  });
}

void Connection::cut(const Owner& self) {
  asio::post(self->stream_.get_executor(), [self] { self->stream_.close(); });
}

namespace {

// "/healthz" and "/healthz/x" fit "/healthz"; "/healthzebra" does not.
bool fits(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || prefix.ends_with('/') || path[prefix.size()] == '/';
}

}  // namespace

Found Server::State::find_route(const Request& request) const {
  Found found;
  for (const auto& route : routes) {
    if (!fits(request.path, route.prefix)) continue;
    found.path_known = true;
    const bool method =
        route.method == request.method || (route.method == "GET" && request.method == "HEAD");
    if (!method) continue;
    if (found.route == nullptr || route.prefix.size() > found.route->prefix.size()) {
      found.route = &route;
    }
  }
  return found;
}

void Server::State::enqueue(std::shared_ptr<Connection> connection) {
  auto& line = connection->turn() == Turn::at_once ? at_once : in_line;
  line.connections.lock()->push_back(std::move(connection));
  line.arrived.notify_one();
}

void Server::State::work(Line& line, const std::stop_token& token) {
  while (true) {
    std::shared_ptr<Connection> next;
    {
      auto queue = line.connections.lock();
      if (!line.arrived.wait(queue.mutex(), token, [&] { return !queue->empty(); })) return;
      next = std::move(queue->front());
      queue->pop_front();
    }
    Connection::answer(next);
  }
}

// Makes room for one more: whoever has waited for its client longest makes way.
bool Server::State::has_room() {
  for (const auto& known : *open.lock()) {
    const auto connection = known.lock();
    if (connection != nullptr && connection->make_way()) return true;
  }
  return false;
}

void Server::State::make_room_for_bytes() {
  for (const auto& known : *open.lock()) {
    const auto connection = known.lock();
    if (connection == nullptr || connection->held() == 0) continue;
    if (held_bytes <= options.held_bytes_max || connection->held() == held_bytes) return;
    connection->make_way();
  }
}

void Server::State::accept() {
  acceptor.async_accept([this](error_code status, asio::ip::tcp::socket socket) {
    if (status == asio::error::operation_aborted) return;
    if (!status && (++connections <= options.connections_max || has_room())) {
      const auto connection = std::make_shared<Connection>(std::move(socket), *this);
      {
        auto known = open.lock();
        std::erase_if(*known, [](const auto& c) { return c.expired(); });
        known->push_back(connection);
      }
      Connection::wait_for_request(connection);
    } else if (!status) {
      --connections;  // one too many: closed at once
    } else {
      // Out of descriptors, most likely: asking again at once would spin.
      pause.expires_after(std::chrono::milliseconds(100));
      return pause.async_wait([this](error_code ended) {
        if (!ended) accept();
      });
    }
    accept();
  });
}

Result<> Server::State::listen() {
  error_code status;
  const auto address = asio::ip::make_address(options.address, status);
  if (status) return failure(Code::usage, "\"{}\" is no IP address to listen on", printable(options.address));
  const asio::ip::tcp::endpoint endpoint(address, static_cast<unsigned short>(options.port));
  acceptor.open(endpoint.protocol(), status);
  if (!status) acceptor.set_option(asio::socket_base::reuse_address(true), status);
  if (!status) acceptor.bind(endpoint, status);
  if (!status) acceptor.listen(asio::socket_base::max_listen_connections, status);
  if (!status) return {};
  const bool taken = status == asio::error::address_in_use;
  return failure(Error(taken ? Code::port_in_use : Code::file_unwritable,
                       fmt::format("nothing can listen on {}:{}", options.address, options.port))
                     .because(status.message()));
}

Server::Server(Private, std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options,
                                              std::vector<Route> routes) {
  auto state = std::make_unique<State>(options);
  state->routes = std::move(routes);
  TRY(state->listen());
  state->accept();
  State* const running = state.get();
  state->socket_thread = std::jthread([running] { running->sockets.run(); });
  for (int i = 0; i < options.threads; ++i) {
    state->workers.emplace_back([running](const std::stop_token& token) { running->work(running->in_line, token); });
  }
  state->workers.emplace_back([running](const std::stop_token& token) { running->work(running->at_once, token); });
  return std::make_unique<Server>(Private{}, std::move(state));
}

Server::~Server() {
  state_->stop.request_stop();
  asio::post(state_->sockets, [this] {
    error_code ignored;
    state_->acceptor.close(ignored);
    state_->pause.cancel();
  });
  for (const auto& known : *state_->open.lock()) {
    if (const auto connection = known.lock()) Connection::cut(connection);
  }
  for (auto& worker : state_->workers)
    worker.request_stop();
  for (auto& worker : state_->workers)
    worker.join();
  for (auto* line : {&state_->in_line, &state_->at_once}) line->connections.lock()->clear();
  state_->sockets.stop();
  state_->socket_thread.join();
}

int Server::port() const {
  error_code status;
  return state_->acceptor.local_endpoint(status).port();
}

std::string_view Request::header(std::string_view name) const {
  const auto* value = http::find_header(headers, name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

Result<std::string> read_whole_body(const Request& request) {
  std::string body;
  while (true) {
    const auto bytes = TRY(request.read_body());
    if (bytes.empty()) return body;
    body += bytes;
  }
}

Response text_response(int status, std::string body) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::move(body)};
}

}  // namespace holdfast::agent
