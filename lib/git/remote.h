// SPDX-License-Identifier: Apache-2.0
// A repository on a server, and how to reach it. It does not know where its objects are kept.
#pragma once

#include "base/clock.h"
#include "base/reach.h"
#include "base/result.h"
#include "base/secret.h"

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

namespace holdfast::git {

enum class Verify { peer, nothing };

// A password that does not live long: its keeper is asked for it whenever a server is.
struct Lease {
  std::string holder;  // who asks, which stays the same while passwords change
  // Refuses with Code::forbidden when the keeper knows no such holder.
  std::function<Result<Secret>(const std::stop_token&)> password;
};

struct Remote {
  std::string url;  // http(s):// without user information, ssh, or one of the local URLs
  std::string username;
  Secret password;
  Secret bearer_token;  // instead of user name and password
  Lease lease;          // instead of the password, when it has a keeper
  std::string ca_pem;   // trusted instead of the system's authorities
  Secret client_certificate_pem, client_key_pem;
  Verify verify = Verify::peer;  // nothing: of certificates and host keys
  std::string proxy, no_proxy;   // "http://proxy:3128"; comma-separated hosts
  Secret ssh_private_key;
  std::string ssh_known_hosts;  // in the format of ssh's known_hosts
  Reach reach = Reach::server;
};

// The grammar that every URL passes before a library sees it: http or https, a host, no user
// information, no control characters, spaces, quotes, backslashes, query or fragment; or an SSH URL
// by the grammar of ssh_address.h.
// Refuses with Code::git_unreachable.
Result<> check_url(std::string_view url);

// Who asks, as far as a server can tell: the same for the same credentials and way. Gives no secret away.
std::string reader_of(const Remote& remote);

// Without a final '/', so that both spellings share a store.
std::string_view trimmed_url(std::string_view url);

}  // namespace holdfast::git
