// SPDX-License-Identifier: Apache-2.0
// app add-source, app remove-source: one more source of several, or one less.
#include "commands/app_access.h"
#include "commands/app_edit.h"

namespace holdfast::bootstrap {

Result<> run_app_add_source(const AppSourceOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  if (options.said.empty()) return failure(Error(Code::usage, "nothing is said of the source").fix("see what can be: holdfast app add-source --help"));
  const auto said = TRY(with_files_read(options.said));
  const auto change = [&](const sync::Application& now) { return with_source(now.object, said, options.source.name); };
  return edit_and_tell(access, options.name, change, options.validate ? AskProject::yes : AskProject::no, console);
}

Result<> run_app_remove_source(const AppSourceOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto change = [&](const sync::Application& now) { return without_source(now.object, options.source); };
  return edit_and_tell(access, options.name, change, AskProject::no, console);
}

}  // namespace holdfast::bootstrap
