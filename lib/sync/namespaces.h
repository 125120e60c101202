// SPDX-License-Identifier: Apache-2.0
// Where Applications may be: the lists of namespaces in application.namespaces and in a project's
// sourceNamespaces, and the name that an Application has beyond its namespace. Pure.
// Mirrors argoproj/argo-cd 3.6 util/glob/list.go, util/security/application_namespaces.go and
// util/argo/argo.go: AppInstanceName, ParseInstanceName.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::sync {

// Is the namespace in the list? Its entries are globs, and between slashes regular expressions that
// may match anywhere: "team-*", "/^team-[0-9]+$/". An entry that is broken matches nothing.
bool lists_namespace(const std::vector<std::string>& patterns, std::string_view namespace_);

// Why the entry matches nothing, if so. Of lookarounds, which upstream's engine has, only those of its
// documentation are known: "/^(?!X).*$/" and "/^((?!X).)*$/".
std::optional<std::string> namespace_pattern_problem(std::string_view pattern);

struct ApplicationName {
  std::string namespace_;
  std::string name;

  bool operator==(const ApplicationName&) const = default;
};

// What tracking and the engine call an Application: its name, or "<namespace>_<name>" where its namespace
// is not the engine's. Names in Kubernetes have no '_', so it says both.
std::string instance_name(const ApplicationName& application, std::string_view control_namespace);
ApplicationName parse_instance_name(std::string_view instance, std::string_view control_namespace);

}  // namespace holdfast::sync
