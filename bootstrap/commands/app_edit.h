// SPDX-License-Identifier: Apache-2.0
// The commands of `holdfast app` that change what an Application says: its spec, labels and annotations.
// Each looks first at what would be written, so that a refusal has changed nothing.
#pragma once

#include <string>
#include <vector>

#include "commands/app.h"

namespace holdfast::bootstrap {

struct AppSetOptions {
  AppCluster cluster;
  std::string name;
  std::vector<Said> said;  // of Gives::values: the file's name
  SourceChoice source;
  bool validate = true;    // ask the project first
};
Result<> run_app_set(const AppSetOptions& options, Console& console);

struct AppUnsetOptions {
  AppCluster cluster;
  std::string name;
  std::vector<Unsaid> unsaid;
  SourceChoice source;
};
Result<> run_app_unset(const AppUnsetOptions& options, Console& console);

struct AppCreateOptions {
  AppCluster cluster;
  std::string name;        // may be empty with a file
  std::string file;        // of Applications in YAML or JSON; "-": what is read
  std::string source_name;
  std::vector<Said> said;
  std::vector<std::string> labels, annotations;  // NAME=VALUE
  bool set_finalizer = false;  // a deletion takes its objects along
  bool upsert = false;         // also where there is another one of that name
  bool validate = true;
};
Result<> run_app_create(const AppCreateOptions& options, Console& console);

struct AppEditOptions {
  AppCluster cluster;
  std::string name;
};
// In the program that EDITOR names. What is refused is shown there again, until it is saved unchanged.
Result<> run_app_edit(const AppEditOptions& options, Console& console);

enum class AppPatchType { json, merge };

struct AppPatchOptions {
  AppCluster cluster;
  std::string name, patch;
  AppPatchType type = AppPatchType::json;
};
// Of what is patched the spec, labels, annotations and finalizers are written.
Result<> run_app_patch(const AppPatchOptions& options, Console& console);

struct AppSourceOptions {
  AppCluster cluster;
  std::string name;
  std::vector<Said> said;  // of a source to add
  SourceChoice source;     // its name, or which one goes
  bool validate = true;
};
Result<> run_app_add_source(const AppSourceOptions& options, Console& console);
Result<> run_app_remove_source(const AppSourceOptions& options, Console& console);

// What was said with the files read that are named in it.
Result<std::vector<Said>> with_files_read(std::vector<Said> said);

}  // namespace holdfast::bootstrap
