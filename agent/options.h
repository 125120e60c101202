// SPDX-License-Identifier: Apache-2.0
// How the agent was started: flags, and for each one an environment variable (HOLDFAST_ and the flag's
// name in capitals), so that a pod needs no arguments.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"

namespace holdfast::agent {

struct Options {
  std::string kubeconfig;                 // "": the pod's service account
  std::string namespace_ = "argocd";
  std::string listen = "0.0.0.0:8080";
  std::string state_dir = "/var/lib/holdfast-agent";
  std::string git_url;                    // the built-in repository's public URL
  std::string git_repository;             // its bare repository; default: <state-dir>/git/fleet.git
  std::string customizations;             // a folder of health scripts (health/customizations.h)
  std::vector<std::string> metrics_application_labels;  // shown by argocd_app_labels
  log::Level log_level = log::Level::info;
  log::Format log_format = log::Format::json;
  int workers = 8;
};

enum class Asked { run, help, version };

struct Parsed {
  Asked asked = Asked::run;
  Options options;
};

// Refuses with Code::usage.
Result<Parsed> parse_options(int argc, char** argv);
std::string_view usage_text();

}  // namespace holdfast::agent
