// SPDX-License-Identifier: Apache-2.0
// app patch: what an Application says, by a patch of the whole object.
// Mirrors argoproj/argo-cd 3.6 server/application/application.go: Patch.
#include "commands/app_access.h"
#include "commands/app_edit.h"
#include "value/json.h"
#include "value/patch.h"

namespace holdfast::bootstrap {

Result<> run_app_patch(const AppPatchOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  if (options.patch.empty()) return failure(Error(Code::usage, "there is no patch").fix("say it with --patch"));
  const auto patch = TRY(json::parse(options.patch, "--patch"));
  const auto change = [&](const sync::Application& now) -> Result<Value> {
    const bool operations = options.type == AppPatchType::json;
    auto patched = operations ? json::apply_patch(now.object, patch) : Result<Value>(json::apply_merge_patch(now.object, patch));
    auto wanted = TRY(std::move(patched));
    TRY(access.admit(wanted, console));
    return wanted;
  };
  const auto changed = TRY(access.edit(options.name, change));
  print_document(console, AppFormat::yaml, without_managed_fields(changed.application.object));
  return {};
}

}  // namespace holdfast::bootstrap
