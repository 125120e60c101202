// SPDX-License-Identifier: Apache-2.0
#include "cli_app_edit.h"

#include <CLI/CLI.hpp>

#include "commands/app_edit.h"
#include "commands/app_resource.h"

namespace holdfast::bootstrap {
namespace {

void add_setting(CLI::App& command, std::vector<Said>& said, const Setting& row) {
  const std::string flags(row.flags), purpose(row.purpose);
  const auto say = [&said, &row](std::vector<std::string> words) {
    Said each{&row, std::move(words)};
    said.push_back(std::move(each));
  };
  if (row.gives == Gives::flag || row.gives == Gives::automation) {
    command.add_flag_function(flags, [say](std::int64_t count) { say({count > 0 ? "true" : "false"}); }, purpose);
  } else if (is_repeated(row.gives)) {
    // Without the limit the next word, which may be the application, would belong to the flag.
    command.add_option_function<std::vector<std::string>>(flags, say, purpose)->allow_extra_args(false);
  } else {
    command.add_option_function<std::string>(flags, [say](const std::string& word) { say({word}); }, purpose);
  }
}

void add_validate(CLI::App& command, bool& validate) {
  command.add_flag("--validate,!--no-validate", validate, "ask the project first; --validate=false does not");
}

void add_set(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppSetOptions>();
  auto* command = group.add_subcommand("set", "Change what an application says: source, destination, policy");
  command->add_option("name", options->name, "the application")->required();
  for (const Setting& row : setting_rows()) add_setting(*command, options->said, row);
  add_source_choice(*command, options->source);
  add_validate(*command, options->validate);
  bind_to(*command, chosen, options, &run_app_set);
}

void add_unset(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppUnsetOptions>();
  auto* command = group.add_subcommand("unset", "Take away what an application says of its source");
  command->add_option("name", options->name, "the application")->required();
  for (const Removal& row : removal_rows()) {
    const std::string flags(row.flags), purpose(row.purpose);
    const auto say = [options, &row](std::vector<std::string> words) {
      Unsaid each{&row, std::move(words)};
      options->unsaid.push_back(std::move(each));
    };
    if (row.takes == Takes::member) {
      command->add_flag_function(flags, [say](std::int64_t count) { if (count > 0) say({}); }, purpose);
    } else {
      command->add_option_function<std::vector<std::string>>(flags, say, purpose)->allow_extra_args(false);
    }
  }
  add_source_choice(*command, options->source);
  bind_to(*command, chosen, options, &run_app_unset);
}

void add_create(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppCreateOptions>();
  auto* command = group.add_subcommand("create", "Make an application, of flags or of a file");
  command->add_option("name", options->name, "the application; a file's has its own");
  command->add_option("-f,--file", options->file, "applications in YAML or JSON; -: what is read");
  command->add_flag("--upsert", options->upsert, "also where there is one of that name that says something else");
  command->add_option("-l,--label", options->labels, "NAME=VALUE; may be repeated")->allow_extra_args(false);
  command->add_option("--annotations", options->annotations, "NAME=VALUE; may be repeated")->allow_extra_args(false);
  command->add_flag("--set-finalizer", options->set_finalizer, "deleting it deletes its objects");
  for (const Setting& row : setting_rows()) add_setting(*command, options->said, row);
  command->add_option("--source-name", options->source_name, "the source's name");
  add_validate(*command, options->validate);
  bind_to(*command, chosen, options, &run_app_create);
}

void add_patch(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppPatchOptions>();
  auto* command = group.add_subcommand("patch", "Change an application's spec, labels and annotations by a patch");
  command->add_option("name", options->name, "the application")->required();
  command->add_option("--patch", options->patch, "the patch, in JSON");
  command->add_option("--type", options->type, "json (a list of operations) or merge")
      ->transform(CLI::CheckedTransformer(std::map<std::string, AppPatchType>{{"json", AppPatchType::json}, {"merge", AppPatchType::merge}}))
      ->option_text("{json,merge}");
  bind_to(*command, chosen, options, &run_app_patch);
}

void add_edit(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppEditOptions>();
  auto* command = group.add_subcommand("edit", "Change what an application says in your editor (EDITOR; vi)");
  command->add_option("name", options->name, "the application")->required();
  bind_to(*command, chosen, options, &run_app_edit);
}

void add_resource_choice(CLI::App& command, std::string& application, ResourceChoice& choice) {
  command.add_option("name", application, "the application")->required();
  command.add_option("--kind", choice.kind, "of the resource")->required();
  command.add_option_function<std::string>("--group", [&choice](const std::string& group) { choice.group = group; }, "of the resource; \"\": of the core");
  command.add_option("--namespace", choice.namespace_, "of the resource");
  command.add_option("--resource-name", choice.name, "of the resource");
}

void add_get_resource(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppGetResourceOptions>();
  auto* command = group.add_subcommand("get-resource", "Show single resources of an application, and what they own");
  add_resource_choice(*command, options->application, options->choice);
  command->add_option("--filter-fields", options->fields, "only these, as status.podIP,spec.replicas")->allow_extra_args(false)->delimiter(',');
  command->add_flag("--show-managed-fields", options->managed_fields, "with the managers of fields");
  command->add_option("-o,--output", options->format, "how it is printed; wide by default")
      ->transform(CLI::CheckedTransformer(std::map<std::string, AppFormat>{{"wide", AppFormat::wide}, {"json", AppFormat::json}, {"yaml", AppFormat::yaml}}))
      ->option_text("{json,wide,yaml}");
  bind_to(*command, chosen, options, &run_app_get_resource);
}

void add_resource_changes(CLI::App& group, Chosen& chosen) {
  auto options = std::make_shared<AppPatchResourceOptions>();
  auto* patch = group.add_subcommand("patch-resource", "Patch resources of an application in the cluster");
  add_resource_choice(*patch, options->application, options->choice);
  patch->add_option("--patch", options->patch, "the patch, in JSON")->required();
  const std::map<std::string, kube::PatchType> types{{"application/json-patch+json", kube::PatchType::json},
                                                     {"application/merge-patch+json", kube::PatchType::merge},
                                                     {"application/strategic-merge-patch+json", kube::PatchType::strategic}};
  patch->add_option("--patch-type", options->type, "its type; application/merge-patch+json by default")
      ->transform(CLI::CheckedTransformer(types))
      ->option_text("{application/json-patch+json,application/merge-patch+json,application/strategic-merge-patch+json}");
  patch->add_flag("--all", options->all, "each of several that fit");
  bind_to(*patch, chosen, options, &run_app_patch_resource);

  auto gone = std::make_shared<AppDeleteResourceOptions>();
  auto* remove = group.add_subcommand("delete-resource", "Delete resources of an application in the cluster");
  add_resource_choice(*remove, gone->application, gone->choice);
  remove->add_flag("--force", gone->force, "at once, without grace");
  remove->add_flag("--orphan", gone->orphan, "and leave what they own");
  remove->add_flag("--all", gone->all, "each of several that fit");
  remove->add_flag("-y,--yes", gone->yes, "do not ask");
  bind_to(*remove, chosen, gone, &run_app_delete_resource);
}

void add_sources(CLI::App& group, Chosen& chosen) {
  auto added = std::make_shared<AppSourceOptions>();
  auto* add = group.add_subcommand("add-source", "Give an application with several sources one more");
  add->add_option("name", added->name, "the application")->required();
  for (const Setting& row : setting_rows()) {
    if (is_of_source(row)) add_setting(*add, added->said, row);
  }
  add->add_option("--source-name", added->source.name, "the source's name");
  add_validate(*add, added->validate);
  bind_to(*add, chosen, added, &run_app_add_source);

  auto removed = std::make_shared<AppSourceOptions>();
  auto* remove = group.add_subcommand("remove-source", "Take one of several sources of an application away");
  remove->add_option("name", removed->name, "the application")->required();
  add_source_choice(*remove, removed->source);
  bind_to(*remove, chosen, removed, &run_app_remove_source);
}

}  // namespace

void add_source_choice(CLI::App& command, SourceChoice& source) {
  command.add_option("--source-position", source.position, "which of several sources, from 1");
  command.add_option("--source-name", source.name, "or its name");
}

void add_app_edits(CLI::App& group, Chosen& chosen) {
  add_create(group, chosen);
  add_set(group, chosen);
  add_unset(group, chosen);
  add_edit(group, chosen);
  add_patch(group, chosen);
  add_sources(group, chosen);
  add_get_resource(group, chosen);
  add_resource_changes(group, chosen);
}

}  // namespace holdfast::bootstrap
