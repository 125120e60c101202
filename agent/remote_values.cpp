// SPDX-License-Identifier: Apache-2.0
#include "agent/remote_values.h"

#include <algorithm>

#include "base/text.h"
#include "http/transport.h"
#include "http/url.h"

namespace holdfast::agent {
namespace {

constexpr int redirects_max = 5;

// Go's url.Parse makes the scheme lower case.
std::string scheme_of(std::string_view url) {
  std::string scheme(url.substr(0, url.find(':')));
  std::ranges::transform(scheme, scheme.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return scheme;
}

Error refusal(Code code, const std::string& url) {
  return Error(code, fmt::format("values file '{}' is not fetched", printable(http::shown_url(url))));
}

}  // namespace

Result<std::string> RemoteValues::operator()(const std::string& url) const {
  const auto scheme = scheme_of(url);
  if (std::ranges::find(schemes, scheme) == schemes.end()) {
    return failure(refusal(Code::source_unsupported, url)
                       .because(fmt::format("the URL scheme '{}' is not allowed", printable(scheme)))
                       .fix("keep the file in a repository, or name the scheme in helm.valuesFileSchemes of argocd-cm"));
  }
  if (scheme != "http" && scheme != "https") {
    return failure(refusal(Code::source_unsupported, url)
                       .because(fmt::format("'{}' is not spoken here, http and https are", printable(scheme)))
                       .fix("keep the file in a repository"));
  }
  http::Options options;
  options.response_bytes_max = bytes_max;
  // Such files are few: a connection of its own for each costs less than one that is kept.
  const auto transport = TRY(http::make_curl_transport(std::move(options)));
  auto answer = transport->send({.url = url, .timeout = timeout, .redirects_max = redirects_max});
  if (!answer) {
    const auto code = answer.error().code() == Code::wrong_type ? Code::source_unsupported : answer.error().code();
    return failure(refusal(code, url)
                       .because(answer.error().message())
                       .fix("keep the file in a repository: behind an air gap no URL is reached"));
  }
  if (answer->ok()) return std::move(answer->body);
  return failure(refusal(Code::unreachable, url).because(fmt::format("the server answers HTTP {}", answer->status)));
}

}  // namespace holdfast::agent
