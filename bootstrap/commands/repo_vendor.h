// SPDX-License-Identifier: Apache-2.0
// `holdfast repo vendor`: a chart of a Helm repository, an OCI registry, a bundle or a .tgz becomes
// external/<app>/ of the repository, with origin.toml beside it, in one commit. What somebody changed
// there is not overwritten.
#pragma once

#include "base/result.h"
#include "console.h"

#include <string>

namespace holdfast::bootstrap {

struct RepoVendorOptions {
  std::string folder = ".";
  std::string chart;    // a name in `source`, "oci://host/path/name", or a .tgz
  std::string source;   // the repository's URL
  std::string version;  // a version or a range; empty: the highest
  std::string name;     // of the folder below external/; empty: the chart's
  std::string digest;   // "sha256:…" that the package must have; empty: what the source says
  std::string bundle, trust_folder;  // take the chart from a verified bundle
  std::string username, password_file;
  std::string ca_file;
  bool plain_http = false;  // the registry speaks no TLS
};

// Refuses with Code::usage, chart, unreachable, repo_layout, object_exists (changed by hand), or
// bundle codes.
Result<> run_repo_vendor(const RepoVendorOptions& options, Console& console);

}  // namespace holdfast::bootstrap
