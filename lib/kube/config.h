// SPDX-License-Identifier: Apache-2.0
// Which cluster, as whom: from kubeconfig files or from the pod's service account. Reads files and
// environment, connects to nothing, and starts no credential plugin.
// Mirrors: k8s.io/client-go v0.37 tools/clientcmd (merging, relative paths) and
// rest.InClusterConfig.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "http/transport.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::kube {

struct Config {
  std::string server;  // "https://host:port", without a trailing '/'
  std::string context;
  std::string namespace_ = "default";
  http::Options http;
  Secret token;            // a bearer token that does not change, or empty
  std::string token_file;  // one that is read again while we run, or ""
  std::string username;    // basic authentication, or ""
  Secret password;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

Environment process_environment();

// `path` "": every file that KUBECONFIG lists, else ~/.kube/config. `context` "": the current one.
// Refuses with Code::no_kubeconfig or Code::kubeconfig.
Result<Config> load_kubeconfig(const std::string& path, const std::string& context,
                               const Environment& environment = process_environment());

// Files are read below `root` ("" outside of tests). Refuses with Code::no_kubeconfig.
Result<Config> load_in_cluster(const Environment& environment = process_environment(),
                               const std::string& root = "");

}  // namespace holdfast::kube
