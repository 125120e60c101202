// SPDX-License-Identifier: Apache-2.0
// URLs as far as a client needs them: where one leads, what may be shown of it, and where a
// redirect may go. Parsing is libcurl's, so that what is judged here is what is connected to.
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::http {

struct Request;
struct Response;

struct Url {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower case; an IPv6 address without brackets
  std::string port;    // always present
  std::string path;    // as written, with its query

  // "https://host:443": equal for URLs that lead to the same place.
  [[nodiscard]] std::string origin() const;
};

// Refuses with Code::wrong_type: another scheme, credentials in it, control characters.
Result<Url> parse_url(std::string_view text);

// For messages: no credentials, no query.
std::string shown_url(std::string_view text);

// Everything but unreserved characters as %XX: for one path segment or query value.
std::string percent_encoded(std::string_view text);

// The request that follows the redirect `response`, or nothing when it is none that is followed:
// only GET and HEAD (303 makes a GET of anything), never from https to http. When scheme, host or
// port change, only headers that cannot be credentials travel (Accept, Range and their like).
std::optional<Request> redirected(const Request& request, const Response& response);

}  // namespace holdfast::http
