// SPDX-License-Identifier: Apache-2.0
#include "http/transport.h"

#include <strings.h>

#include <algorithm>

namespace holdfast::http {

const std::string* find_header(std::span<const Header> headers, std::string_view name) {
  const auto found = std::ranges::find_if(headers, [&](const Header& header) {
    return header.name.size() == name.size() &&
           ::strncasecmp(header.name.data(), name.data(), name.size()) == 0;
  });
  return found == headers.end() ? nullptr : &found->value;
}

std::string_view Response::header(std::string_view name) const {
  const auto* value = find_header(headers, name);
  return value == nullptr ? std::string_view() : std::string_view(*value);
}

Result<std::string> Incoming::rest(const std::stop_token& stop, std::size_t limit) {
  std::string body;
  while (true) {
    const std::string_view piece = TRY(next(stop));
    if (piece.empty()) return body;
    if (body.size() + piece.size() > limit) {
      return failure(Code::limit, "the response is larger than {} bytes", limit);
    }
    body += piece;
  }
}

Result<Response> Transport::stream(const Request& request, const Sink& sink,
                                   const std::stop_token& stop) {
  constexpr std::size_t refusal_bytes_max = std::size_t{1} << 20;
  const std::unique_ptr<Incoming> incoming = TRY(open(request, stop));
  Response response = incoming->head();
  if (!response.ok()) {
    response.body = TRY(incoming->rest(stop, refusal_bytes_max));
    return response;
  }
  if (!sink("")) return response;
  while (true) {
    auto piece = incoming->next(stop);
    if (!piece) {
      if (piece.error().code() == Code::stopped) return response;
      return failure(std::move(piece).error());
    }
    if (piece->empty() || !sink(*piece)) return response;
  }
}

}  // namespace holdfast::http
