// SPDX-License-Identifier: Apache-2.0
// Where an SSH URL leads: "ssh://user@host:port/path" or "user@host:path". Pure. The grammar is ours
// and stands before every library: what could reach a shell or a terminal is refused.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>

namespace holdfast::git {

struct SshAddress {
  std::string user;  // "git" when the URL names none
  std::string host;
  int port = 22;
  std::string path;  // as the server's git-upload-pack is given it
};

// "ssh://…", or "user@host:path" without a scheme.
bool is_ssh_url(std::string_view url);

// Refuses with Code::git_unreachable.
Result<SshAddress> parse_ssh_url(std::string_view url);

}  // namespace holdfast::git
