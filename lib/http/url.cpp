// SPDX-License-Identifier: Apache-2.0
#include "http/url.h"

#include "base/ascii.h"
#include "base/handle.h"
#include "base/text.h"
#include "http/transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>

namespace holdfast::http {
namespace {

using UrlHandle = Handle<CURLU, curl_url_cleanup>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return "";
  const Handle<char, curl_free> owned(text);
  return text;
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 127; });
}

// What may be said to a host that the caller did not name: nothing that could be a credential.
bool may_travel(std::string_view name) {
  constexpr std::array<std::string_view, 6> harmless = {
      "accept", "accept-encoding", "user-agent", "git-protocol", "range", "content-type"};
  return std::ranges::find(harmless, ascii_lower(name)) != harmless.end();
}

}  // namespace

std::string Url::origin() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", scheme, v6 ? "[" : "", host, v6 ? "]" : "", port);
}

Result<Url> parse_url(std::string_view text) {
  if (has_control(text)) {
    return failure(Code::wrong_type, "URL '{}' holds white space or control characters",
                   printable(shown_url(text)));
  }
  const UrlHandle url(curl_url());
  const std::string copy(text);
  const CURLUcode code =
      curl_url_set(url.get(), CURLUPART_URL, copy.c_str(), CURLU_NON_SUPPORT_SCHEME);
  if (code != CURLUE_OK) {
    return failure(
        Error(Code::wrong_type, fmt::format("'{}' is no URL", printable(shown_url(text))))
            .because(curl_url_strerror(code)));
  }
  Url out{part_of(url.get(), CURLUPART_SCHEME), part_of(url.get(), CURLUPART_HOST),
          part_of(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT),
          part_of(url.get(), CURLUPART_PATH)};
  if (out.scheme != "http" && out.scheme != "https") {
    return failure(Code::wrong_type, "URL '{}' has scheme '{}': only http and https are spoken",
                   printable(shown_url(text)), out.scheme);
  }
  if (!part_of(url.get(), CURLUPART_USER).empty() ||
      !part_of(url.get(), CURLUPART_PASSWORD).empty()) {
    return failure(Code::wrong_type, "URL '{}' holds credentials: give them apart from the URL",
                   printable(shown_url(text)));
  }
  out.host = ascii_lower(out.host);
  if (out.host.starts_with('[')) out.host = out.host.substr(1, out.host.size() - 2);
  if (const std::string query = part_of(url.get(), CURLUPART_QUERY); !query.empty()) {
    out.path += "?" + query;
  }
  return out;
}

std::string shown_url(std::string_view text) {
  const auto end = std::min(text.find('?'), text.find('#'));
  std::string out(text.substr(0, end));
  const auto scheme = out.find("://");
  if (scheme == std::string::npos) return out;
  const auto slash = out.find('/', scheme + 3);
  const auto at = out.rfind('@', slash);
  if (at != std::string::npos && at > scheme) out.erase(scheme + 3, at - scheme - 2);
  return out;
}

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

std::optional<Request> redirected(const Request& request, const Response& response) {
  constexpr std::array followed = {301, 302, 303, 307, 308};
  if (std::ranges::find(followed, response.status) == followed.end()) return std::nullopt;
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (!reads && response.status != 303) return std::nullopt;
  const std::string location(response.header("location"));
  const UrlHandle url(curl_url());
  if (location.empty() || has_control(location) ||
      curl_url_set(url.get(), CURLUPART_URL, request.url.c_str(), 0) != CURLUE_OK ||
      curl_url_set(url.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    return std::nullopt;
  }
  Request next = request;
  next.url = part_of(url.get(), CURLUPART_URL);
  const auto from = parse_url(request.url);
  const auto to = parse_url(next.url);
  if (!from || !to || (from->scheme == "https" && to->scheme == "http")) return std::nullopt;
  if (from->origin() != to->origin()) {
    std::erase_if(next.headers, [](const Header& header) { return !may_travel(header.name); });
  }
  if (!reads) {
    next.method = "GET";
    next.body.clear();
    next.body_source = nullptr;
    next.body_source_size.reset();
  }
  return next;
}

}  // namespace holdfast::http
