// SPDX-License-Identifier: Apache-2.0
// Passwords that services give out for some minutes: kept in memory until shortly before their end, so that each
// is asked for once. Nothing of them reaches a disk, a log or a status. It does not know the services.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/secret.h"
#include "http/transport.h"

namespace holdfast::access {

struct Granted {
  Secret token;
  WallTime until;  // kept no longer than an hour, whatever is said
};

// A way to one service, used for one grant.
struct Counter {
  http::Transport& transport;
  WallTime now;
  const std::stop_token& stop;
};

class Tokens {
 public:
  using MakeTransport = std::function<Result<std::unique_ptr<http::Transport>>(http::Options)>;
  using Ask = std::function<Result<Granted>(const Counter& counter)>;

  // `clock` must outlive it.
  explicit Tokens(const Clock& clock, MakeTransport make = &http::make_curl_transport)
      : clock_(clock), make_(std::move(make)) {}

  // The holder's token; `ask` is called when there is none that still lives. A refusal stands for some seconds, so
  // that many repositories of one holder do not ask for it each. Thread-safe.
  // Refuses with what `ask` and the transport refuse.
  Result<Secret> of(const std::string& holder, const http::Options& way, const Ask& ask, const std::stop_token& stop);

 private:
  struct Kept {
    Result<Secret> answer;
    WallTime until;
  };

  const Clock& clock_;
  const MakeTransport make_;
  Guarded<std::map<std::string, Kept>> kept_;  // by holder
};

}  // namespace holdfast::access
