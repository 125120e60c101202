// SPDX-License-Identifier: Apache-2.0
// app add-source, app remove-source: one more source of several, or one less.
#include "commands/app_access.h"
#include "commands/app_edit.h"

namespace holdfast::bootstrap {

Result<> run_app_add_source(const AppSourceOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  if (options.said.empty()) return failure(Error(Code::usage, "nothing is said of the source").fix("see what can be: holdfast app add-source --help"));
  const auto said = TRY(with_files_read(options.said));
  const auto change = [&](const sync::Application& now) -> Result<Value> {
    auto wanted = TRY(with_source(now.object, said, options.source.name));
    if (options.validate) TRY(access.admit(wanted, console));
    return wanted;
  };
  const auto changed = TRY(access.edit(options.name, change));
  tell_change(console, changed);
  return {};
}

Result<> run_app_remove_source(const AppSourceOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto change = [&](const sync::Application& now) { return without_source(now.object, options.source); };
  const auto changed = TRY(access.edit(options.name, change));
  tell_change(console, changed);
  return {};
}

}  // namespace holdfast::bootstrap
