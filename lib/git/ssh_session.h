// SPDX-License-Identifier: Apache-2.0
// Inside this module: one authenticated SSH session that runs one command. Every wait ends at its
// deadline or when it is asked to stop. It does not know Git's protocol.
#pragma once

#include "base/clock.h"
#include "base/handle.h"
#include "base/secret.h"
#include "git/ssh_address.h"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace holdfast::git {

enum class HostKeys { known, any };

struct SshOptions {
  SshAddress address;
  Secret private_key;  // PEM or OpenSSH's format, without a pass phrase
  std::string known_hosts;
  HostKeys host_keys = HostKeys::known;
  Duration idle_timeout = std::chrono::seconds(30);
  std::optional<Duration> whole;  // from the start of the session; absent: no end
};

class SshSession {
 public:
  // Connects, checks the host's key, authenticates and starts `command`.
  // Refuses with Code::unreachable, timed_out or stopped.
  static Result<std::unique_ptr<SshSession>> start(const SshOptions& options,
                                                   const std::string& command, std::stop_token stop);
  ~SshSession();

  Result<> write(std::string_view bytes);
  // The next bytes of the command's output; empty at its end.
  Result<std::string_view> read();
  // What the command has written to its standard error so far, made fit for people.
  std::string complaints();

  struct State;

  class Private {
    friend class SshSession;
    Private() = default;
  };

  SshSession(Private, std::unique_ptr<State> state);  // start() is the only one that can call it

 private:
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::git
