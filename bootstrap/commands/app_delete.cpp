// SPDX-License-Identifier: Apache-2.0
// app delete: the finalizers that say what becomes of an Application's objects, then the deletion itself; and
// app confirm-deletion, for objects that go only with a person's word.
// Mirrors argoproj/argo-cd 3.6 server/application/application.go: Delete.
#include <fmt/format.h>

#include <algorithm>

#include "commands/app_access.h"
#include "sync/names.h"

namespace holdfast::bootstrap {
namespace {

namespace names = sync::names;

Value finalizers_for(const sync::Application& application, const AppDeleteOptions& options) {
  auto wanted = application.finalizers;
  std::erase_if(wanted, [](const std::string& each) {
    return each == names::cascade_finalizer || each == names::cascade_foreground || each == names::cascade_background;
  });
  if (options.cascade) wanted.emplace_back(options.propagation == "background" ? names::cascade_background : names::cascade_finalizer);
  Array list;
  for (auto& each : wanted) list.emplace_back(std::move(each));
  return Value(std::move(list));
}

Result<> confirm_deletion(const std::vector<sync::Application>& applications, const AppDeleteOptions& options, Console& console) {
  if (options.yes) return {};
  std::vector<std::string> names;
  for (const auto& each : applications) names.push_back(argument_of(each));
  const auto what = options.cascade ? " and all objects of it" : ", and leave its objects";
  const Confirmation how{.otherwise = "--yes", .unattended = Unattended::goes_on};
  return confirm(console, fmt::format("Delete {}{}?", fmt::join(names, ", "), what), how);
}

Result<> wait_until_gone(AppAccess& access, Console& console, const sync::Application& application, std::chrono::seconds timeout) {
  const auto question = [&]() -> Result<std::string> {
    const auto now = access.find(application.namespace_ + "/" + application.name);
    if (!now && now.error().code() == Code::object_missing) return std::string();
    if (!now) return failure(now.error());
    return fmt::format("application {} to be gone", argument_of(application));
  };
  return ask_until_done(console.clock(), timeout, question);
}

}  // namespace

Result<> run_app_delete(const AppDeleteOptions& options, Console& console) {
  if (!options.cascade && options.propagation != "foreground") {
    return failure(Error(Code::usage, "--propagation-policy says how objects are deleted, and --cascade=false leaves them").fix("use one of them"));
  }
  auto access = TRY(AppAccess::connect(options.cluster, console));
  // All of them or none: what is named is found before anything is changed.
  const auto applications = TRY(access.chosen(options.names, options.selector));
  TRY(confirm_deletion(applications, options, console));
  const auto patch = [&](const sync::Application& now) -> Result<Value> {
    Value finalizers;
    finalizers["metadata"]["finalizers"] = finalizers_for(now, options);
    return finalizers;
  };
  for (const auto& application : applications) {
    TRY(access.write(application, patch));
    console.begin_changes("what was begun goes on in the cluster");
    TRY(access.remove(application));
    console.line(fmt::format("application {} is being deleted{}", argument_of(application), options.cascade ? " with its objects" : "; its objects stay"));
  }
  if (!options.wait) return {};
  for (const auto& application : applications) TRY(wait_until_gone(access, console, application, options.timeout));
  return {};
}

Result<> run_app_confirm(const AppConfirmOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  Value approval;
  approval["metadata"]["annotations"][names::deletion_approved] = format_rfc3339(console.clock().wall());
  TRY(access.write(application, [&](const sync::Application&) -> Result<Value> { return approval; }));
  console.line(fmt::format("application {}: what waits for a confirmation may be deleted", argument_of(application)));
  return {};
}

}  // namespace holdfast::bootstrap
