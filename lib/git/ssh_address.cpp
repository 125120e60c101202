// SPDX-License-Identifier: Apache-2.0
#include "git/ssh_address.h"

#include "base/text.h"

#include <algorithm>
#include <charconv>

namespace holdfast::git {
namespace {

constexpr std::string_view scheme = "ssh://";
constexpr std::size_t url_bytes_max = 2048;

std::unexpected<Error> refused(std::string_view reason) {
  return failure(Error(Code::git_unreachable, fmt::format("the repository's SSH URL {}", reason))
                     .fix("write it as ssh://user@host/path or user@host:path"));
}

bool is_word(std::string_view text, std::string_view others) {
  return !text.empty() && text.front() != '-' && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

}  // namespace

bool is_ssh_url(std::string_view url) {
  if (url.starts_with(scheme)) return true;
  const auto at = url.find('@'), colon = url.find(':'), slash = url.find('/');
  return url.find("://") == std::string_view::npos && at != std::string_view::npos &&
         colon != std::string_view::npos && at < colon && colon < slash;
}

Result<SshAddress> parse_ssh_url(std::string_view url) {
  if (url.size() > url_bytes_max) return refused("is longer than 2048 bytes");
  SshAddress address;
  const bool full = url.starts_with(scheme);
  if (full) url.remove_prefix(scheme.size());
  const auto end = std::min(url.find(full ? '/' : ':'), url.size());
  std::string_view host = url.substr(0, end);
  address.path = full ? url.substr(end) : url.substr(std::min(end + 1, url.size()));
  const auto at = host.find('@');
  address.user = at == std::string_view::npos ? "git" : host.substr(0, at);
  if (at != std::string_view::npos) host.remove_prefix(at + 1);
  if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    const auto port = host.substr(colon + 1);
    const auto [rest, status] = std::from_chars(port.data(), port.data() + port.size(), address.port);
    if (status != std::errc() || rest != port.data() + port.size() || address.port < 1 ||
        address.port > 65535) {
      return refused("has no port between 1 and 65535");
    }
    host = host.substr(0, colon);
  }
  address.host = host;
  // What a user name may hold is not a password: ':' is none of it.
  if (!is_word(address.user, "._-+")) return refused("has a user name that is none");
  if (!is_word(address.host, ".-")) return refused("names no host");
  if (address.path.empty() || address.path == "/") return refused("names no path");
  if (!is_word(address.path, "/._-+~@%=,")) {
    return refused("has a path with characters that a shell could read");
  }
  return address;
}

}  // namespace holdfast::git
