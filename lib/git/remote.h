// SPDX-License-Identifier: Apache-2.0
// A repository on a server, and how to reach it. It does not know where its objects are kept.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

#include <string>
#include <string_view>

namespace holdfast::git {

struct Remote {
  std::string url;  // http:// or https://, without user information; or one of the local URLs
  std::string username;
  Secret password;
  Secret bearer_token;  // instead of user name and password
  std::string ca_pem;   // trusted instead of the system's authorities
  Secret client_certificate_pem, client_key_pem;
};

// The grammar that every URL passes before a library sees it: http or https, a host, no user
// information, no control characters, spaces, quotes, backslashes, query or fragment.
// Refuses with Code::git_unreachable.
Result<> check_url(std::string_view url);

// Without a final '/', so that both spellings share a store.
std::string_view trimmed_url(std::string_view url);

}  // namespace holdfast::git
