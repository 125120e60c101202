// SPDX-License-Identifier: Apache-2.0
#include "git/remote.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "git/ssh_address.h"

#include <algorithm>

namespace holdfast::git {
namespace {

constexpr std::size_t url_bytes_max = 2048;

std::unexpected<Error> refused(std::string_view url, std::string_view reason) {
  return failure(Error(Code::git_unreachable, fmt::format("the repository's URL {}", reason))
                     .at(printable(url))
                     .fix("write it as https://host/path, with credentials in a Secret"));
}

}  // namespace

Result<> check_url(std::string_view url) {
  if (is_ssh_url(url)) {
    TRY(parse_ssh_url(url));
    return {};
  }
  const auto scheme = url.substr(0, url.find("://"));
  if (scheme != "http" && scheme != "https") return refused("", "is not http, https or ssh");
  if (url.size() > url_bytes_max) return refused("", "is longer than 2048 bytes");
  const auto after = url.substr(scheme.size() + 3);
  const auto host = after.substr(0, after.find('/'));
  // What might be a password is not shown.
  if (host.find('@') != std::string_view::npos) return refused("", "contains credentials");
  if (host.empty() || host.starts_with('-')) return refused(url, "names no host");
  const bool plain = std::ranges::all_of(url, [](char c) {
    return c > ' ' && c < 0x7f &&
           std::string_view("\"'`\\<>{}|^?#").find(c) == std::string_view::npos;
  });
  if (!plain) return refused(url, "contains characters that a repository's URL cannot have");
  for (const std::string_view hidden : {"%0a", "%0A", "%0d", "%0D", "%00", "%09", "%5c", "%5C"}) {
    if (url.find(hidden) != std::string_view::npos)
      return refused(url, "contains control characters");
  }
  return {};
}

std::string reader_of(const Remote& remote) {
  return crypto::sha256_of({remote.username, remote.password.reveal(), remote.bearer_token.reveal(), remote.lease.holder,
                            remote.client_certificate_pem.reveal(), remote.client_key_pem.reveal(), remote.ssh_private_key.reveal(), remote.proxy, remote.no_proxy})
      .hex();
}

std::string_view trimmed_url(std::string_view url) {
  while (url.ends_with('/'))
    url.remove_suffix(1);
  return url;
}

}  // namespace holdfast::git
