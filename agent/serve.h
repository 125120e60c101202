// SPDX-License-Identifier: Apache-2.0
// What the agent offers over HTTP: health, metrics, the built-in Git and its push.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "agent/options.h"
#include "agent/web/server.h"
#include "agent/web/webhook.h"
#include "git/receive_push.h"
#include "kube/client.h"

namespace holdfast::agent {

struct ServeInput {
  const Options& options;
  kube::Client& client;
  std::function<std::string()> numbers;  // the text of /metrics
  std::function<Result<>()> ready;
  std::function<void(const git::PushCommand&)> pushed;  // the built-in repository has a new commit
  std::function<void(const Notice&)> notified;           // another server says that it has one
};

// Prepares the built-in repository, if there is one, and starts to listen.
Result<std::unique_ptr<Server>> serve(const ServeInput& input);

// <state-dir>/git/<name>.git, where the URL ends in <name>.git.
std::string git_repository(const Options& options);

}  // namespace holdfast::agent
