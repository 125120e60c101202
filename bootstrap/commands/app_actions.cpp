// SPDX-License-Identifier: Apache-2.0
// app actions: what the objects of an Application offer, and doing it with the user's own rights.
// Mirrors argoproj/argo-cd 3.6 server/application/application.go: RunResourceActionV2.
#include "commands/app_access.h"

#include "base/text.h"
#include "health/actions.h"
#include "health/custom.h"
#include "sync/key.h"
#include "sync/settings.h"
#include "value/patch.h"

namespace holdfast::bootstrap {
namespace {

// An object with the scripts of its kind, argocd-cm's first.
struct Subject {
  Value live;
  std::vector<const health::ActionScripts*> scripts;
};

bool is_wanted(const AppActionsOptions& options, const Value& row) {
  const auto fits = [&](const std::string& wanted, std::string_view member) {
    return wanted.empty() || wanted == row.text({member});
  };
  return fits(options.group, "group") && fits(options.kind, "kind") && fits(options.namespace_, "namespace") &&
         fits(options.resource, "name");
}

std::vector<const health::ActionScripts*> scripts_of(const sync::Settings& settings, const std::string& group_kind) {
  std::vector<const health::ActionScripts*> scripts;
  const auto own = settings.actions.find(group_kind);
  const bool set = own != settings.actions.end();
  if (set) scripts.push_back(&own->second.scripts);
  const auto* builtin = health::builtin_actions(group_kind);
  if (builtin != nullptr && (!set || own->second.with_builtin)) scripts.push_back(builtin);
  return scripts;
}

Result<std::vector<Subject>> subjects_of(kube::Client& client, const sync::Settings& settings, const AppActionsOptions& options,
                                         const sync::Application& application) {
  std::vector<Subject> subjects;
  for (const auto& row : rows_of(application.status(), {"resources"})) {
    const auto identity = identity_of_row(row);
    auto scripts = scripts_of(settings, identity.group.empty() ? identity.kind : fmt::format("{}_{}", identity.group, identity.kind));
    if (scripts.empty() || !is_wanted(options, row)) continue;
    auto live = client.get(identity);
    if (!live && live.error().code() == Code::object_missing) continue;
    if (!live) return failure(std::move(live).error());
    subjects.push_back({*std::move(live), std::move(scripts)});
  }
  return subjects;
}

std::string shown(const Value& live) { return fmt::format("{}/{}", live.text({"kind"}), live.text({"metadata", "name"})); }

// With the members that argocd's list has.
Result<Array> offered(const std::vector<Subject>& subjects) {
  Array all;
  for (const auto& subject : subjects) {
    const auto group = sync::split_api_version(subject.live.text({"apiVersion"})).group;
    for (const auto* scripts : subject.scripts) {
      const auto actions = TRY(health::discover_actions(scripts->discovery, subject.live), "{}", shown(subject.live));
      for (const auto& action : actions) {
        all.push_back(Object{{"Group", group}, {"Kind", subject.live.text({"kind"})}, {"Name", subject.live.text({"metadata", "name"})},
                             {"Action", action.name}, {"Disabled", action.disabled}});
      }
    }
  }
  return all;
}

Result<> list(const std::vector<Subject>& subjects, AppFormat format, Console& console) {
  auto all = TRY(offered(subjects));
  if (format == AppFormat::json || format == AppFormat::yaml || console.is_json()) {
    print_document(console, format, std::move(all));
    return {};
  }
  std::vector<Cells> rows{{"GROUP", "KIND", "NAME", "ACTION", "DISABLED"}};
  for (const auto& each : all) {
    const auto text = [&](std::string_view member) { return printable(each.text({member})); };
    rows.push_back({text("Group"), text("Kind"), text("Name"), text("Action"), *each.find("Disabled")->as_bool() ? "true" : "false"});
  }
  console.line(table(rows));
  return {};
}

Result<Value> parameters_of(const AppActionsOptions& options) {
  Value parameters = Object{};
  for (const auto& each : options.parameters) {
    const auto equals = each.find('=');
    if (equals == std::string::npos) return failure(Code::usage, "--param is \"{}\", wanted: NAME=VALUE", printable(each));
    parameters[each.substr(0, equals)] = each.substr(equals + 1);
  }
  return parameters;
}

Result<> write(kube::Client& client, const Subject& subject, const health::Impact& impact, Console& console) {
  const kube::WriteOptions options{.field_manager = "holdfast", .subresource = {}};
  if (impact.effect == health::Effect::create) {
    const auto made = TRY(client.create(impact.object, options), "creating what the action makes");
    console.line(fmt::format("{} created", shown(made)));
    return {};
  }
  const auto identity = TRY(kube::identity_of(subject.live));
  const auto target = TRY(kube::identity_of(impact.object));
  if (kube::to_string(target) != kube::to_string(identity)) {
    return failure(Code::template_execution, "the action patches {}, and may patch {} alone", printable(kube::to_string(target)),
                   kube::to_string(identity));
  }
  const auto patch = json::merge_patch_between(subject.live, impact.object);
  TRY(client.patch(identity, kube::PatchType::merge, patch, options));
  console.line(fmt::format("{} patched", shown(subject.live)));
  return {};
}

Result<> run(kube::Client& client, const Subject& subject, const AppActionsOptions& options, Console& console) {
  const auto parameters = TRY(parameters_of(options));
  for (const auto* scripts : subject.scripts) {
    const auto found = scripts->definitions.find(options.action);
    if (found == scripts->definitions.end()) continue;
    const auto impacts = TRY(health::run_action(found->second, subject.live, parameters), "{}", shown(subject.live));
    for (const auto& impact : impacts) TRY(write(client, subject, impact, console));
    return {};
  }
  return failure(Error(Code::object_missing, fmt::format("{} has no action \"{}\"", shown(subject.live), printable(options.action)))
                     .fix(fmt::format("see what there is: holdfast app actions list {}", options.name)));
}

}  // namespace

Result<> run_app_actions(const AppActionsOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  const auto settings = read_settings(access.client(), application.control_namespace);
  const auto subjects = TRY(subjects_of(access.client(), settings, options, application));
  if (options.action.empty()) return list(subjects, options.format, console);
  if (subjects.empty()) {
    return failure(Error(Code::object_missing, "no resource with actions fits").at(fmt::format("application {}", argument_of(application)))
                       .fix(fmt::format("see what there is: holdfast app actions list {}", argument_of(application))));
  }
  if (subjects.size() > 1 && !options.all) {
    return failure(Error(Code::usage, fmt::format("{} resources fit", subjects.size())).fix("name one with --kind and --resource-name, or say --all"));
  }
  for (const auto& subject : subjects) TRY(run(access.client(), subject, options, console));
  return {};
}

}  // namespace holdfast::bootstrap
