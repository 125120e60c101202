// SPDX-License-Identifier: Apache-2.0
// app set, app unset: what an Application says, flag by flag.
// Mirrors argoproj/argo-cd 3.6 server/application/application.go: UpdateSpec.
#include "commands/app_access.h"
#include "commands/app_edit.h"
#include "node/files.h"

namespace holdfast::bootstrap {
namespace {

Error nothing_said(std::string_view command) {
  return Error(Code::usage, "nothing is said that could be changed").fix(fmt::format("see what can be: holdfast app {} --help", command));
}

}  // namespace

Result<std::vector<Said>> with_files_read(std::vector<Said> said) {
  for (auto& each : said) {
    if (each.setting->gives != Gives::values) continue;
    each.words.back() = TRY(node::read_file(each.words.back()));
  }
  return said;
}

Result<> run_app_set(const AppSetOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  if (options.said.empty()) return failure(nothing_said("set"));
  const auto said = TRY(with_files_read(options.said));
  const auto change = [&](const sync::Application& now) { return with_settings(now.object, said, options.source); };
  return edit_and_tell(access, options.name, change, options.validate ? AskProject::yes : AskProject::no, console);
}

Result<> run_app_unset(const AppUnsetOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  if (options.unsaid.empty()) return failure(nothing_said("unset"));
  const auto change = [&](const sync::Application& now) { return without_settings(now.object, options.unsaid, options.source); };
  return edit_and_tell(access, options.name, change, AskProject::no, console);
}

}  // namespace holdfast::bootstrap
