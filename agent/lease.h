// SPDX-License-Identifier: Apache-2.0
// Which of several agents acts: the one that holds a Lease. An agent that comes back under its own name
// goes on at once; another one waits until the holder lets go or has been silent for the lease's duration,
// measured on our own clock. It does not know what is done while it is held.
// Mirrors: k8s.io/client-go v0.37 tools/leaderelection.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "kube/client.h"

namespace holdfast::agent {

struct LeaseTimes {
  Duration duration = std::chrono::seconds(15);
  Duration renew = std::chrono::seconds(5);  // and at most this long a failed renewal is waited for
  Duration retry = std::chrono::seconds(1);  // between looks at another's lease
};

class Lease {
 public:
  Lease(kube::Client& client, std::string namespace_name, std::string holder, LeaseTimes times = {})
      : client_(client), namespace_(std::move(namespace_name)), holder_(std::move(holder)), times_(times) {}

  // Blocks until it is ours. Code::stopped.
  Result<> acquire(const std::stop_token& stop);
  // Renews it until `stop`, and calls `between` before each renewal; returns false when it was lost before.
  bool keep(const std::stop_token& stop, const std::function<void()>& between);
  // Lets the next one begin at once.
  void release();

 private:
  Result<bool> try_once();
  Result<> write(const Value& lease);
  [[nodiscard]] bool is_silent(const Value& lease);

  kube::Client& client_;
  const std::string namespace_;
  const std::string holder_;
  const LeaseTimes times_;
  std::string seen_version_;
  SteadyTime seen_at_{};
};

}  // namespace holdfast::agent
