// SPDX-License-Identifier: Apache-2.0
// `holdfast render`: what the engine would make of a kustomization or a chart, on standard output,
// as `kubectl kustomize` and `helm template` print it. Reads files, asks no cluster.
#pragma once

#include "base/result.h"
#include "console.h"

#include <string>
#include <vector>

namespace holdfast::bootstrap {

struct RenderKustomizeOptions {
  std::string directory = ".";
};

Result<> run_render_kustomize(const RenderKustomizeOptions& options, Console& console);

// The flags of `helm template`, by their names there.
struct RenderHelmOptions {
  std::string name = "release-name";
  std::string chart;  // a folder or a .tgz
  std::string namespace_ = "default";
  std::string kube_version;
  std::vector<std::string> values;  // files
  std::vector<std::string> set, set_string, set_json, set_literal;
  std::vector<std::string> set_file;  // key=path
  std::vector<std::string> api_versions;
  bool include_crds = false;
  bool skip_tests = false;
  bool no_hooks = false;
  bool is_upgrade = false;
  bool skip_schema_validation = false;
  std::string helm = "4";  // or "3": whose result where the two differ
};

Result<> run_render_helm(const RenderHelmOptions& options, Console& console);

}  // namespace holdfast::bootstrap
