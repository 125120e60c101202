// SPDX-License-Identifier: Apache-2.0
// The Authorization header of a Config. A token file is read again, because the kubelet replaces a
// pod's token about every 48 minutes. It does not know what is requested. Thread-safe.
#pragma once

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "base/secret.h"
#include "http/transport.h"
#include "kube/config.h"

#include <string>

namespace holdfast::kube {

class Credentials {
 public:
  Credentials(const Config& config, const Clock& clock) : clock_(clock), file_(config.token_file) {
    state_.lock()->header = first_header(config);
  }

  // Adds the header, if there is one. Refuses with Code::kubeconfig when a token file cannot be
  // read and no token is known.
  Result<> authorise(http::Request& request);
  // After a 401: reads the token file at once. True when it holds another token than before.
  bool renew();

 private:
  struct State {
    Secret header;
    bool read = false;
    SteadyTime read_at{};
  };

  static Secret first_header(const Config& config);
  Result<> read_file();

  const Clock& clock_;
  const std::string file_;
  Guarded<State> state_;
};

}  // namespace holdfast::kube
