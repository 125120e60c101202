// SPDX-License-Identifier: Apache-2.0
// app get-resource, patch-resource, delete-resource: single objects of an Application, with the caller's own rights.
// The names of flags are argocd's.
// Mirrors argoproj/argo-cd 3.6 cmd/argocd/commands/app_resources.go and cmd/util/app.go: FilterResources.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "commands/app.h"

namespace holdfast::bootstrap {

// Which objects are meant.
struct ResourceChoice {
  std::string kind;
  std::optional<std::string> group;    // "": the core group; nothing: any
  std::string namespace_, name;        // "": any
};

struct AppGetResourceOptions {
  AppCluster cluster;
  std::string application;
  ResourceChoice choice;
  std::vector<std::string> fields;     // "status.podIP"; empty: all
  bool managed_fields = false;
  AppFormat format = AppFormat::wide;  // json or yaml: a document for each
};
// Also of what objects own. The values of Secrets are not shown.
Result<> run_app_get_resource(const AppGetResourceOptions& options, Console& console);

struct AppPatchResourceOptions {
  AppCluster cluster;
  std::string application;
  ResourceChoice choice;
  std::string patch;
  kube::PatchType type = kube::PatchType::merge;
  bool all = false;                    // each of several
};
Result<> run_app_patch_resource(const AppPatchResourceOptions& options, Console& console);

struct AppDeleteResourceOptions {
  AppCluster cluster;
  std::string application;
  ResourceChoice choice;
  bool force = false;                  // at once
  bool orphan = false;                 // what it owns stays
  bool all = false;
  bool yes = false;
};
Result<> run_app_delete_resource(const AppDeleteResourceOptions& options, Console& console);

// The object with only these fields, through lists as well, and its name. Pure.
Value picked_fields(const Value& object, const std::vector<std::string>& fields);
// A row for each plain value: FIELD, RESOURCE NAME where several kinds of object may be meant, VALUE. Pure.
enum class NameColumn { no, yes };
std::string field_table(const std::vector<Value>& objects, NameColumn column);

}  // namespace holdfast::bootstrap
