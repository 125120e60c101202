// SPDX-License-Identifier: Apache-2.0
// The only file with libcurl's callbacks. Behaviour that is not in libcurl's manual was measured
// with 7.88.1.
#include "http/transfer.h"

#include "base/text.h"
#include "http/url.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace holdfast::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t header_bytes_max = std::size_t{128} << 10;
constexpr std::size_t stream_buffer_max = std::size_t{8} << 20;
// A peer that vanished without a word: probes after 20 s of silence, dead 30 s later.
constexpr int keepalive_idle_s = 20;
constexpr int keepalive_interval_s = 10;
constexpr unsigned user_timeout_ms = 30'000;

std::string target_of(const Transfer& transfer) {
  return fmt::format("{} {}", transfer.request.method, shown_url(transfer.request.url));
}

Error too_large(const Transfer& transfer) {
  return Error(Code::limit,
               fmt::format("the response is larger than {} bytes", transfer.body_bytes_max))
      .at(target_of(transfer));
}

bool leads_elsewhere(const Transfer& transfer) {
  const int status = transfer.response.status;
  if (status >= 300 && status < 400 && transfer.redirects < transfer.request.redirects_max) {
    return redirected(transfer.request, transfer.response).has_value();
  }
  return transfer.attempt < transfer.request.attempts &&
         retry_delay({},
                     {.status = status,
                      .replayable = replayable(transfer.request.replay, transfer.request.method)},
                     0)
             .has_value();
}

void complete_head(Transfer& transfer) {
  if (transfer.response.status < 200) return;  // 100 Continue: the real one follows
  transfer.head_complete = true;
  transfer.discard_body = leads_elsewhere(transfer);
  if (transfer.pipe == nullptr || transfer.discard_body) return;
  auto state = transfer.pipe->state.lock();
  state->head = transfer.response;
  state->head_ready = true;
  transfer.pipe->changed.notify_all();
}

void begin_head(Transfer& transfer, std::string_view line) {
  transfer.response = {};
  transfer.head_complete = false;
  const auto space = line.find(' ');
  if (space == std::string_view::npos) return;
  const auto digits = line.substr(space + 1, 3);
  std::from_chars(digits.data(), digits.data() + digits.size(), transfer.response.status);
}

std::size_t on_header(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  std::string_view line(data, size);
  note_progress(transfer);
  transfer.header_bytes += size;
  if (transfer.header_bytes > header_bytes_max) {
    transfer.refusal =
        Error(Code::limit,
              fmt::format("the response's headers are larger than {} bytes", header_bytes_max));
    return 0;
  }
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r'))
    line.remove_suffix(1);
  if (line.empty()) {
    if (!transfer.head_complete) complete_head(transfer);
  } else if (line.starts_with("HTTP/")) {
    begin_head(transfer, line);
  } else if (const auto colon = line.find(':');
             colon != std::string_view::npos && !transfer.head_complete) {
    const std::string_view value = trim(line.substr(colon + 1));
    transfer.response.headers.push_back({std::string(line.substr(0, colon)), std::string(value)});
  }
  return size;
}

std::size_t write_stream(Transfer& transfer, std::string_view data) {
  auto state = transfer.pipe->state.lock();
  if (state->buffer.size() > stream_buffer_max) {
    state->paused = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  state->buffer += data;
  transfer.pipe->changed.notify_all();
  return data.size();
}

std::size_t on_body(char* data, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  note_progress(transfer);
  if (transfer.discard_body) return size;
  if (transfer.pipe != nullptr) return write_stream(transfer, {data, size});
  if (transfer.response.body.size() + size > transfer.body_bytes_max) {
    transfer.refusal = too_large(transfer);
    return 0;
  }
  transfer.response.body.append(data, size);
  return size;
}

std::size_t on_read(char* into, std::size_t, std::size_t size, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  note_progress(transfer);
  const Request& request = transfer.request;
  Result<std::size_t> count;
  if (request.body_source) {
    count = request.body_source(transfer.body_offset, {into, size});
  } else {
    count = request.body.copy(into, size, transfer.body_offset);
  }
  if (!count) {
    transfer.refusal = std::move(count).error();
    return CURL_READFUNC_ABORT;
  }
  transfer.body_offset += *count;
  return *count;
}

// libcurl repeats any request whose reused connection ends before an answer, although the peer may
// have acted on it. It rewinds the body first, and a body that cannot be rewound stops it.
int on_seek(void* context, curl_off_t offset, int origin) {
  auto& transfer = *static_cast<Transfer*>(context);
  if (!replayable(transfer.request.replay, transfer.request.method)) return CURL_SEEKFUNC_FAIL;
  if (origin != SEEK_SET || offset < 0) return CURL_SEEKFUNC_CANTSEEK;
  transfer.body_offset = static_cast<std::uint64_t>(offset);
  return CURL_SEEKFUNC_OK;
}

int on_socket(void*, curl_socket_t socket, curlsocktype) {
  // Best effort: a kernel without the option only notices a dead peer later.
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &user_timeout_ms, sizeof user_timeout_ms);
  return CURL_SOCKOPT_OK;
}

void configure_tls(Transfer& transfer, const TlsOptions& tls) {
  CURL* easy = transfer.easy.get();
  const bool verify = tls.verify == Verify::peer;
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, long{CURL_SSLVERSION_TLSv1_2});
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L);
  const auto set_blob = [&](CURLoption option, const std::string& pem) {
    if (pem.empty()) return;
    // The options outlive every transfer, so libcurl need not copy.
    curl_blob blob = {const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, option, &blob);
  };
  set_blob(CURLOPT_CAINFO_BLOB, tls.ca_pem);
  set_blob(CURLOPT_SSLCERT_BLOB, tls.client_certificate_pem.reveal());
  set_blob(CURLOPT_SSLKEY_BLOB, tls.client_key_pem.reveal());
  if (tls.server_name.empty()) return;
  // libcurl has no name of its own for TLS: the URL names it and CONNECT_TO says where that is.
  const auto url = parse_url(transfer.request.url);
  if (!url || url->scheme != "https") return;
  const bool v6 = url->host.find(':') != std::string::npos;
  const std::string renamed = fmt::format("https://{}:{}{}", tls.server_name, url->port, url->path);
  const std::string route = fmt::format("{}:{}:{}{}{}:{}", tls.server_name, url->port,
                                        v6 ? "[" : "", url->host, v6 ? "]" : "", url->port);
  transfer.connect_to.reset(curl_slist_append(nullptr, route.c_str()));
  curl_easy_setopt(easy, CURLOPT_URL, renamed.c_str());
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer.connect_to.get());
}

void configure_headers(Transfer& transfer) {
  curl_slist* list = nullptr;
  for (const auto& header : transfer.request.headers) {
    // An empty value needs ';', or libcurl drops the header.
    const std::string line = header.value.empty()
                                 ? fmt::format("{};", header.name)
                                 : fmt::format("{}: {}", header.name, header.value);
    list = curl_slist_append(list, line.c_str());
  }
  // No pause of a second before large bodies, and no type that the caller did not give.
  list = curl_slist_append(list, "Expect:");
  if (find_header(transfer.request.headers, "content-type") == nullptr) {
    list = curl_slist_append(list, "Content-Type:");
  }
  if (find_header(transfer.request.headers, "accept") == nullptr) {
    list = curl_slist_append(list, "Accept: */*");
  }
  transfer.header_list.reset(list);
  curl_easy_setopt(transfer.easy.get(), CURLOPT_HTTPHEADER, list);
}

void configure_body(Transfer& transfer) {
  CURL* easy = transfer.easy.get();
  const Request& request = transfer.request;
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool once = !replayable(request.replay, request.method) && !request.body.empty();
  if (request.body_source || once) {
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, &on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, static_cast<void*>(&transfer));
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, &on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, static_cast<void*>(&transfer));
    const auto size = request.body_source ? request.body_source_size
                                          : std::optional<std::uint64_t>(request.body.size());
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
                     size ? static_cast<curl_off_t>(*size) : curl_off_t{-1});
  } else if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

}  // namespace

void EasyCleanup::operator()(void* easy) const {
  curl_easy_cleanup(easy);
}

void ListCleanup::operator()(curl_slist* list) const {
  curl_slist_free_all(list);
}

SteadyTime after(Duration duration) {
  return steady_clock::now() + std::chrono::duration_cast<steady_clock::duration>(duration);
}

void note_progress(Transfer& transfer) {
  *transfer.moved = true;
  if (transfer.pipe != nullptr) transfer.deadline = std::min(after(transfer.request.timeout), transfer.end);
}

Result<TransferPtr> make_transfer(Request request) {
  const Url url = TRY(parse_url(request.url));
  const auto breaks_line = [](std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos;
  };
  for (const auto& header : request.headers) {
    if (header.name.empty() || header.name.find_first_of(": \t") != std::string::npos ||
        breaks_line(header.name) || breaks_line(header.value)) {
      return failure(Code::wrong_type,
                     "header '{}' cannot be sent: its name or value breaks the line",
                     printable(header.name));
    }
  }
  auto transfer = std::make_unique<Transfer>();
  transfer->request = std::move(request);
  transfer->origin = url.origin();
  return transfer;
}

void configure(Transfer& transfer, const Options& options) {
  CURL* easy = transfer.easy.get();
  const Request& request = transfer.request;
  const auto set = [&](CURLoption option, auto value) { curl_easy_setopt(easy, option, value); };
  set(CURLOPT_PRIVATE, static_cast<void*>(&transfer));
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
  set(CURLOPT_PROXY, options.proxy.c_str());
  set(CURLOPT_NOPROXY, options.no_proxy.c_str());
  set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_ERRORBUFFER, transfer.error_text.data());
  set(CURLOPT_CONNECTTIMEOUT_MS,
      long{std::chrono::duration_cast<milliseconds>(
               std::clamp<Duration>(request.timeout, milliseconds(1), options.connect_timeout))
               .count()});
  set(CURLOPT_TCP_KEEPALIVE, 1L);
  set(CURLOPT_TCP_KEEPIDLE, long{keepalive_idle_s});
  set(CURLOPT_TCP_KEEPINTVL, long{keepalive_interval_s});
  set(CURLOPT_SOCKOPTFUNCTION, &on_socket);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  if (transfer.pipe == nullptr) {
    transfer.body_bytes_max = options.response_bytes_max;
    set(CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(transfer.body_bytes_max));
  }
  configure_tls(transfer, options.tls);
  configure_headers(transfer);
  configure_body(transfer);
}

Error timed_out(const Transfer& transfer) {
  const bool idle = transfer.pipe != nullptr && transfer.deadline != transfer.end;
  const auto limit = transfer.pipe == nullptr ? transfer.request.timeout : transfer.request.whole.value_or(Duration{0});
  return Error(Code::timed_out, idle ? fmt::format("no byte arrived for {}", format_duration(transfer.request.timeout))
                                     : fmt::format("no complete answer within {}", format_duration(limit)))
      .at(target_of(transfer));
}

Error answer_error(const Transfer& transfer, int code) {
  if (transfer.refusal) return *transfer.refusal;
  const std::string target = target_of(transfer);
  const std::string cause = transfer.error_text[0] != '\0'
                                ? transfer.error_text.data()
                                : curl_easy_strerror(static_cast<CURLcode>(code));
  if (code == CURLE_FILESIZE_EXCEEDED) {
    return too_large(transfer).because(cause);
  }
  if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
    return Error(Code::unreachable, "the peer's certificate is not trusted")
        .at(target)
        .because(cause)
        .fix(
            "give the CA certificate that signed the peer's, and use the host name it was made "
            "for");
  }
  if (code == CURLE_SSL_CERTPROBLEM) {
    return Error(Code::unreachable, "the client certificate or its key cannot be used")
        .at(target)
        .because(cause)
        .fix("give a PEM certificate and the PEM key that belongs to it");
  }
  if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
      code == CURLE_COULDNT_RESOLVE_PROXY) {
    Error error = Error(Code::unreachable, "the peer cannot be reached").at(target).because(cause);
    if (transfer.system_error == 0) return error;
    return std::move(error).because(
        std::system_category().message(static_cast<int>(transfer.system_error)));
  }
  return Error(Code::unreachable, "the connection ended before the answer was complete")
      .at(target)
      .because(cause);
}

}  // namespace holdfast::http
