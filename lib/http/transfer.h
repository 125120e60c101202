// SPDX-License-Identifier: Apache-2.0
// One exchange on its way through libcurl: what the callbacks fill and how an easy handle is set up
// for it. Only the wire (curl_transport.cpp) uses it; it does not know when transfers start or end.
// libcurl's own types stay out of this header: its CURL is void.
#pragma once

#include "base/guarded.h"
#include "http/transport.h"

#include <array>
#include <condition_variable>
#include <functional>
#include <memory>
#include <optional>
#include <string>

struct curl_slist;

namespace holdfast::http {

struct EasyCleanup {
  void operator()(void* easy) const;
};

struct ListCleanup {
  void operator()(curl_slist* list) const;
};

using Easy = std::unique_ptr<void, EasyCleanup>;
using List = std::unique_ptr<curl_slist, ListCleanup>;

// What the wire thread and the reader of a stream share.
struct Pipe {
  struct State {
    Response head;
    bool head_ready = false;
    std::string buffer;
    bool paused = false;
    bool ended = false;  // the wire holds nothing of this exchange any more
    std::optional<Error> error;
  };

  Guarded<State> state;
  std::condition_variable_any changed;
};

// One exchange. Owned by the wire thread from submission to `finish`.
struct Transfer {
  Request request;
  std::string origin;
  std::size_t body_bytes_max = 0;
  std::function<void(Result<Response>)> finish;
  std::shared_ptr<Pipe> pipe;  // streams only
  std::shared_ptr<int> of_batch;  // how many of its batch are under way, for the wire thread alone; null: alone

  Response response;
  std::size_t header_bytes = 0;
  bool head_complete = false;
  bool discard_body = false;     // of an answer that leads to another request
  std::optional<Error> refusal;  // ours, from inside a callback
  long system_error = 0;         // errno of the connection that was not made
  std::uint64_t body_offset = 0;
  int attempt = 1;
  int redirects = 0;
  SteadyTime not_before{};
  SteadyTime deadline{};
  SteadyTime end = SteadyTime::max();  // of a stream, whatever progress it makes
  SteadyTime started{};
  bool* moved = nullptr;  // the wire thread's own: something of an answer arrived

  Easy easy;
  List header_list;
  List connect_to;
  std::array<char, 256> error_text{};  // CURL_ERROR_SIZE
};

using TransferPtr = std::unique_ptr<Transfer>;

// Checks what libcurl would pass on unseen: the URL, line breaks in headers. Code::wrong_type.
Result<TransferPtr> make_transfer(Request request);

// Sets every option of a fresh or reset handle. `options` outlives the transfer.
void configure(Transfer& transfer, const Options& options);

// A stream's deadline is counted from its last byte, and is never later than its end.
void note_progress(Transfer& transfer);

Error timed_out(const Transfer& transfer);
// `code` is a CURLcode that is not CURLE_OK.
Error answer_error(const Transfer& transfer, int code);

SteadyTime after(Duration duration);

}  // namespace holdfast::http
