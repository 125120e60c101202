// SPDX-License-Identifier: Apache-2.0
// Values files of Helm that an Application names by URL: fetched when it is rendered, without
// credentials, where helm.valuesFileSchemes of argocd-cm allows the scheme. What was rendered is kept
// until a source moves or a hard refresh is asked for, as upstream keeps it.
// Mirrors argoproj/argo-cd 3.6 util/io/path/resolved.go (ResolveValueFilePathOrUrl) and helm 4.3
// pkg/cli/values/options.go (readFile).
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace holdfast::agent {

struct RemoteValues {
  std::vector<std::string> schemes;
  Duration timeout = std::chrono::seconds(10);  // of the whole answer: shorter than a pod's grace
  std::size_t bytes_max = std::size_t{4} << 20;

  // Refuses with Code::source_unsupported a scheme that is not allowed or not spoken, and with
  // Code::unreachable, timed_out or limit.
  Result<std::string> operator()(const std::string& url) const;
};

}  // namespace holdfast::agent
