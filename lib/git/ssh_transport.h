// SPDX-License-Identifier: Apache-2.0
// Git over SSH in the shape that SmartClient speaks: its GET of info/refs and its POST to
// git-upload-pack each become one session that runs git-upload-pack (protocol v0, whose bytes are
// those of smart HTTP once the listing is skipped). libssh2, and no program: no key and no address is
// ever an argument or a file. Host keys are known or refused; there is no trust on first use.
// Limits of libssh2 1.10: RSA keys sign with SHA-1, which today's servers refuse; no proxies.
#pragma once

#include "base/result.h"
#include "git/remote.h"
#include "http/transport.h"

#include <memory>

namespace holdfast::git {

// Refuses with Code::git_unreachable a URL that is none, a proxy, or a missing key.
Result<std::unique_ptr<http::Transport>> make_ssh_transport(const Remote& remote);

}  // namespace holdfast::git
