// SPDX-License-Identifier: Apache-2.0
// The words of argocd-cm's kustomize.buildOptions: flags of `kustomize build`, as far as they mean something to a
// build that starts no program. It does not know where they were written.
// Mirrors kustomize v5.8.1 kustomize/commands/build.
#pragma once

#include "base/result.h"
#include "kustomize/kustomize.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::render {

struct BuildOptions {
  kustomize::Reading reading = kustomize::Reading::root_only;
  kustomize::Order order = kustomize::Order::legacy;
  kustomize::ManagedBy managed_by = kustomize::ManagedBy::as_asked;
  std::string kube_version;               // where the cluster's is not known
  std::vector<std::string> api_versions;  // beside the cluster's
};

// Refuses with Code::source_unsupported a flag or a value that is none, as the tool does.
Result<BuildOptions> parse_build_options(std::string_view text);

}  // namespace holdfast::render
