// SPDX-License-Identifier: Apache-2.0
// The wire: libcurl's multi interface on one thread, and the callers' side of it.
#include "base/guarded.h"
#include "base/handle.h"
#include "http/transfer.h"
#include "http/transport.h"
#include "http/url.h"

#include <curl/curl.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <latch>
#include <map>
#include <random>
#include <thread>

namespace holdfast::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// How long a first request keeps others from opening connections of their own; see Wire::may_start.
constexpr Duration warm_up_max = std::chrono::seconds(1);

SteadyTime now() {
  return steady_clock::now();
}

using MultiHandle = Handle<CURLM, curl_multi_cleanup>;

class Wire {
 public:
  Wire(Options options, MultiHandle multi)
      : options_(std::move(options)), multi_(std::move(multi)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  ~Wire() {
    thread_.request_stop();
    curl_multi_wakeup(multi_.get());
    thread_.join();
  }

  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void submit(TransferPtr transfer) {
    inbox_.lock()->arrivals.push_back(std::move(transfer));
    curl_multi_wakeup(multi_.get());
  }

  void resume(const Pipe* pipe) {
    inbox_.lock()->resumed.push_back(pipe);
    curl_multi_wakeup(multi_.get());
  }

  void cancel(const Pipe* pipe) {
    inbox_.lock()->cancelled.push_back(pipe);
    curl_multi_wakeup(multi_.get());
  }

 private:
  struct Inbox {
    std::vector<TransferPtr> arrivals;
    std::vector<const Pipe*> resumed;
    std::vector<const Pipe*> cancelled;
  };

  struct Origin {
    bool warm = false;
    int active = 0;
  };

  void run(const std::stop_token& stop) {
    sigset_t all;
    ::sigfillset(&all);  // signals are the main thread's; SIGPIPE from a cut connection is nobody's
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (!stop.stop_requested()) {
      take_inbox();
      start_pending();
      perform();
      enforce_deadlines();
      curl_multi_poll(multi_.get(), nullptr, 0, poll_wait(), nullptr);
    }
    take_inbox();
    const Error stopped(Code::stopped, "the HTTP client is shutting down");
    while (!active_.empty())
      conclude(detach(active_.begin()->first), failure(stopped));
    while (!pending_.empty())
      conclude(take_pending(pending_.begin()), failure(stopped));
  }

  // Until nothing moves, and then once more. An HTTP/2 transfer whose bytes another one has read is marked
  // to be run at once, but libcurl 7.88 (lib/multi.c, add_next_timeout) takes a mark made in the millisecond
  // in which the round began for one that was heard: the answer lay there until the next timer, for 10 s.
  // Every round runs every transfer, marked or not.
  void perform() {
    for (int still = 0; still < 2; ++still) {
      moved_ = false;
      int running = 0;
      curl_multi_perform(multi_.get(), &running);
      take_completed();
      if (moved_) still = -1;
    }
  }

  void take_inbox() {
    Inbox inbox;
    std::swap(inbox, *inbox_.lock());
    for (auto& transfer : inbox.arrivals)
      enqueue(std::move(transfer));
    for (const auto* pipe : inbox.resumed) {
      const auto found = std::ranges::find_if(
          active_, [&](const auto& a) { return a.second->pipe.get() == pipe; });
      if (found == active_.end()) continue;
      note_progress(*found->second);
      curl_easy_pause(found->first, CURLPAUSE_CONT);
    }
    for (const auto* pipe : inbox.cancelled)
      drop(pipe);
  }

  void enqueue(TransferPtr transfer) {
    if (transfer->request.whole) transfer->end = after(*transfer->request.whole);
    if (transfer->deadline == SteadyTime{}) transfer->deadline = std::min(after(transfer->request.timeout), transfer->end);
    pending_.push_back(std::move(transfer));
  }

  void drop(const Pipe* pipe) {
    const Error stopped(Code::stopped, "the reader left");
    const auto active =
        std::ranges::find_if(active_, [&](const auto& a) { return a.second->pipe.get() == pipe; });
    if (active != active_.end()) conclude(detach(active->first), failure(stopped));
    const auto waiting =
        std::ranges::find_if(pending_, [&](const auto& t) { return t->pipe.get() == pipe; });
    if (waiting != pending_.end()) conclude(take_pending(waiting), failure(stopped));
  }

  TransferPtr take_pending(std::vector<TransferPtr>::iterator position) {
    TransferPtr transfer = std::move(*position);
    pending_.erase(position);
    return transfer;
  }

  // Until the server's SETTINGS have arrived libcurl assumes a stream limit of its own, and
  // requests that come together open a connection each (measured: 160 at once made 61 connections).
  // So the first request to a place goes alone, until its answer begins or a second has passed.
  bool may_start(const Transfer& transfer) {
    if (transfer.not_before > now()) return false;
    // A quarter is left to those who ask one thing at a time: batches whose answers do not come must not stand in their way.
    const int calls_max = options_.in_flight_max - (transfer.of_batch != nullptr && *transfer.of_batch > 0 ? options_.in_flight_max / 4 : 0);
    if (transfer.pipe == nullptr && calls_active_ >= calls_max) return false;
    const Origin& origin = origins_[transfer.origin];
    return origin.warm || origin.active == 0;
  }

  void start_pending() {
    for (std::size_t i = 0; i < pending_.size();) {
      if (may_start(*pending_[i])) {
        start(take_pending(pending_.begin() + static_cast<std::ptrdiff_t>(i)));
      } else {
        ++i;
      }
    }
  }

  void start(TransferPtr transfer) {
    if (idle_.empty()) {
      transfer->easy.reset(curl_easy_init());
    } else {
      transfer->easy = std::move(idle_.back());
      idle_.pop_back();
    }
    CHECK(transfer->easy != nullptr);
    configure(*transfer, options_);
    transfer->started = now();
    transfer->moved = &moved_;
    CURL* easy = transfer->easy.get();
    ++origins_[transfer->origin].active;
    if (transfer->pipe == nullptr) ++calls_active_;
    if (transfer->of_batch != nullptr) ++*transfer->of_batch;
    active_.emplace(easy, std::move(transfer));
    curl_multi_add_handle(multi_.get(), easy);
  }

  TransferPtr detach(CURL* easy) {
    const auto found = active_.find(easy);
    TransferPtr transfer = std::move(found->second);
    active_.erase(found);
    curl_multi_remove_handle(multi_.get(), easy);
    --origins_[transfer->origin].active;
    if (transfer->pipe == nullptr) --calls_active_;
    if (transfer->of_batch != nullptr) --*transfer->of_batch;
    curl_easy_reset(easy);
    idle_.push_back(std::move(transfer->easy));
    return transfer;
  }

  void take_completed() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      moved_ = true;
      const CURLcode code = message->data.result;
      curl_easy_getinfo(message->easy_handle, CURLINFO_OS_ERRNO,
                        &active_.at(message->easy_handle)->system_error);
      settle(detach(message->easy_handle), code);
    }
  }

  // An attempt has ended: another one, another place, or the end.
  void settle(TransferPtr transfer, CURLcode code) {
    Origin& origin = origins_[transfer->origin];
    if (transfer->response.status != 0) origin.warm = true;
    if (code != CURLE_OK && origin.active == 0) origin.warm = false;
    if (code == CURLE_OK && transfer->redirects < transfer->request.redirects_max) {
      if (auto next = redirected(transfer->request, transfer->response)) {
        transfer->request = *std::move(next);
        ++transfer->redirects;
        transfer->origin = parse_url(transfer->request.url)->origin();
        begin_again(std::move(transfer), now());
        return;
      }
    }
    if (const auto delay = delay_of_next(*transfer, code)) {
      ++transfer->attempt;
      const auto due = after(*delay);
      begin_again(std::move(transfer), due);
      return;
    }
    if (code != CURLE_OK) {
      const Error error = answer_error(*transfer, code);
      conclude(std::move(transfer), failure(error));
      return;
    }
    Response response = std::move(transfer->response);
    conclude(std::move(transfer), std::move(response));
  }

  std::optional<Duration> delay_of_next(const Transfer& transfer, CURLcode code) {
    // A stream whose headers were handed out cannot begin again.
    const bool given_out =
        transfer.pipe != nullptr && transfer.head_complete && !transfer.discard_body;
    if (transfer.attempt >= transfer.request.attempts || transfer.refusal || given_out) return {};
    // Waiting mends no certificate.
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CERTPROBLEM) return {};
    Attempt attempt{.number = transfer.attempt};
    attempt.replayable = replayable(transfer.request.replay, transfer.request.method);
    attempt.status = code == CURLE_OK ? transfer.response.status : 0;
    attempt.reached = code != CURLE_COULDNT_CONNECT && code != CURLE_COULDNT_RESOLVE_HOST;
    if (code == CURLE_OK) {
      const auto wall =
          std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
      attempt.retry_after = parse_retry_after(transfer.response.header("retry-after"), wall);
    }
    const auto delay =
        retry_delay(options_.retry, attempt, std::uniform_real_distribution<>()(random_));
    // Waiting beyond the deadline would only replace the peer's answer by our own time-out.
    if (delay && transfer.pipe == nullptr && after(*delay) >= transfer.deadline) return {};
    return delay;
  }

  void begin_again(TransferPtr transfer, SteadyTime due) {
    transfer->response = {};
    transfer->header_bytes = 0;
    transfer->head_complete = false;
    transfer->discard_body = false;
    transfer->body_offset = 0;
    transfer->error_text[0] = '\0';
    transfer->not_before = due;
    if (transfer->pipe != nullptr) {
      const auto idle = due + std::chrono::duration_cast<steady_clock::duration>(transfer->request.timeout);
      transfer->deadline = std::min(idle, transfer->end);
    }
    pending_.push_back(std::move(transfer));
  }

  static void conclude(TransferPtr transfer, Result<Response> result) {
    if (transfer->pipe == nullptr) {
      transfer->finish(std::move(result));
      return;
    }
    // The request may hold what belongs to the reader, so it goes before the reader is told.
    const std::shared_ptr<Pipe> pipe = std::move(transfer->pipe);
    transfer.reset();
    auto state = pipe->state.lock();
    if (!result) state->error = std::move(result).error();
    state->ended = true;
    pipe->changed.notify_all();
  }

  void enforce_deadlines() {
    const auto at = now();
    std::vector<CURL*> late;
    for (auto& [easy, transfer] : active_) {
      if (transfer->response.status != 0) origins_[transfer->origin].warm = true;
      if (at - transfer->started > warm_up_max) origins_[transfer->origin].warm = true;
      if (transfer->pipe != nullptr && transfer->pipe->state.lock()->paused)
        note_progress(*transfer);
      if (at >= transfer->deadline) late.push_back(easy);
    }
    for (CURL* easy : late) {
      TransferPtr transfer = detach(easy);
      const Error error = timed_out(*transfer);
      conclude(std::move(transfer), failure(error));
    }
    for (std::size_t i = 0; i < pending_.size();) {
      if (at < pending_[i]->deadline) {
        ++i;
        continue;
      }
      TransferPtr transfer = take_pending(pending_.begin() + static_cast<std::ptrdiff_t>(i));
      const Error error = timed_out(*transfer);
      conclude(std::move(transfer), failure(error));
    }
  }

  [[nodiscard]] int poll_wait() {
    // Arrivals and libcurl's own timers end the wait. What is held back by may_start() is looked at
    // again within a second; with nothing held back an idle wire hardly wakes.
    const auto at = now();
    Duration wait = pending_.empty() ? std::chrono::seconds(60) : std::chrono::seconds(1);
    for (const auto& [easy, transfer] : active_)
      wait = std::min<Duration>(wait, transfer->deadline - at);
    for (const auto& transfer : pending_) {
      wait = std::min<Duration>(wait, transfer->deadline - at);
      if (transfer->not_before > at) {
        wait = std::min<Duration>(wait, transfer->not_before - at);
      } else if (may_start(*transfer)) {
        wait = Duration::zero();
      }
    }
    // Rounded up: a wait that ends just before the deadline would spin.
    return static_cast<int>(
        std::chrono::ceil<milliseconds>(std::max(wait, Duration::zero())).count());
  }

  const Options options_;
  MultiHandle multi_;
  Guarded<Inbox> inbox_;
  // Below: the wire thread only.
  bool moved_ = false;
  std::map<CURL*, TransferPtr> active_;
  std::vector<TransferPtr> pending_;
  std::map<std::string, Origin> origins_;
  std::vector<Easy> idle_;
  int calls_active_ = 0;
  std::mt19937_64 random_{std::random_device{}()};
  std::jthread thread_;
};

class CurlIncoming final : public Incoming {
 public:
  CurlIncoming(Wire& wire, std::shared_ptr<Pipe> pipe) : wire_(wire), pipe_(std::move(pipe)) {}

  ~CurlIncoming() override {
    if (pipe_->state.lock()->ended) return;
    wire_.cancel(pipe_.get());
    auto state = pipe_->state.lock();
    pipe_->changed.wait(state.mutex(), [&] { return state->ended; });
  }

  CurlIncoming(const CurlIncoming&) = delete;
  CurlIncoming& operator=(const CurlIncoming&) = delete;

  Result<> wait_for_head(const std::stop_token& stop) {
    auto state = pipe_->state.lock();
    if (!pipe_->changed.wait(state.mutex(), stop,
                             [&] { return state->head_ready || state->ended; })) {
      return failure(Code::stopped, "asked to stop before the answer came");
    }
    if (!state->head_ready) return failure(*state->error);
    head_ = state->head;
    return {};
  }

  [[nodiscard]] const Response& head() const override { return head_; }

  Result<std::string_view> next(const std::stop_token& stop) override {
    piece_.clear();
    bool resume = false;
    {
      auto state = pipe_->state.lock();
      if (!pipe_->changed.wait(state.mutex(), stop,
                               [&] { return !state->buffer.empty() || state->ended; })) {
        return failure(Code::stopped, "asked to stop before the answer was complete");
      }
      if (state->buffer.empty() && state->error) return failure(*state->error);
      std::swap(piece_, state->buffer);
      resume = std::exchange(state->paused, false);
    }
    if (resume) wire_.resume(pipe_.get());
    return piece_;
  }

 private:
  Wire& wire_;
  std::shared_ptr<Pipe> pipe_;
  Response head_;
  std::string piece_;
};

// A batch begins narrow, and each answer that comes lets one more of its requests be under way: one whose answers do not
// come, because each waits for a webhook that is away, holds few of the places that all callers share.
struct Batch {
  Batch(std::vector<Request> all, int in_flight)
      : requests(std::move(all)),
        results(requests.size()),
        done(static_cast<std::ptrdiff_t>(requests.size())),
        width_max(std::max(in_flight, 1)),
        width(std::min(width_max, first_width)) {}

  static constexpr int first_width = 2;
  static constexpr auto soon = std::chrono::seconds(5);

  // May one more than before be under way?
  bool widens(SteadyTime sent) {
    if (now() - sent > soon) return false;
    for (int held = width; held < width_max;) {
      if (width.compare_exchange_weak(held, held + 1)) return true;
    }
    return false;
  }

  std::vector<Request> requests;
  std::vector<Result<Response>> results;
  std::atomic<std::size_t> next = 0;
  const std::shared_ptr<int> under_way = std::make_shared<int>(0);
  std::latch done;
  const int width_max;
  std::atomic<int> width;
};

// Sends the next request that can be sent; its end sends the next one, or two.
void launch_next(Wire& wire, const std::shared_ptr<Batch>& batch) {
  while (true) {
    const std::size_t index = batch->next.fetch_add(1);
    if (index >= batch->requests.size()) return;
    auto transfer = make_transfer(std::move(batch->requests[index]));
    if (!transfer) {
      batch->results[index] = failure(std::move(transfer).error());
      batch->done.count_down();
      continue;
    }
    (*transfer)->of_batch = batch->under_way;
    (*transfer)->finish = [&wire, batch, index, sent = now()](Result<Response> result) {
      batch->results[index] = std::move(result);
      batch->done.count_down();
      if (batch->widens(sent)) launch_next(wire, batch);
      launch_next(wire, batch);
    };
    wire.submit(*std::move(transfer));
    return;
  }
}

class CurlTransport final : public Transport {
 public:
  CurlTransport(Options options, MultiHandle multi) : wire_(std::move(options), std::move(multi)) {}

  Result<Response> send(const Request& request) override {
    TransferPtr transfer = TRY(make_transfer(request));
    std::promise<Result<Response>> promise;
    auto result = promise.get_future();
    transfer->finish = [&promise](Result<Response> answer) {
      promise.set_value(std::move(answer));
    };
    wire_.submit(std::move(transfer));
    return result.get();
  }

  std::vector<Result<Response>> send_all(std::vector<Request> requests, int in_flight) override {
    const auto batch = std::make_shared<Batch>(std::move(requests), in_flight);
    for (int i = std::min(batch->width_max, Batch::first_width); i > 0; --i)
      launch_next(wire_, batch);
    batch->done.wait();
    return std::move(batch->results);
  }

  Result<std::unique_ptr<Incoming>> open(const Request& request, std::stop_token stop) override {
    // A quick peer would answer before the wait for its answer sees the stop.
    if (stop.stop_requested()) return failure(Code::stopped, "asked to stop before anything was sent");
    TransferPtr transfer = TRY(make_transfer(request));
    transfer->pipe = std::make_shared<Pipe>();
    auto incoming = std::make_unique<CurlIncoming>(wire_, transfer->pipe);
    wire_.submit(std::move(transfer));
    TRY(incoming->wait_for_head(stop));
    return incoming;
  }

 private:
  Wire wire_;
};

}  // namespace

Result<std::unique_ptr<Transport>> make_curl_transport(Options options) {
  if (const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK) {
    return failure(
        Error(Code::internal, "libcurl does not start").because(curl_easy_strerror(code)));
  }
  MultiHandle multi(curl_multi_init());
  CHECK(multi != nullptr);
  // What libcurl assumes of a server whose SETTINGS it has not seen, and its own upper limit.
  curl_multi_setopt(multi.get(), CURLMOPT_MAX_CONCURRENT_STREAMS, 250L);
  curl_multi_setopt(multi.get(), CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
  // By itself libcurl keeps four connections for each transfer that runs: the last answer of many closes
  // all but four, and the next requests open them again.
  curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS, long{options.in_flight_max});
  return std::make_unique<CurlTransport>(std::move(options), std::move(multi));
}

}  // namespace holdfast::http
