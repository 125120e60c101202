// SPDX-License-Identifier: Apache-2.0
#include "cli_app_edit.h"

#include <CLI/CLI.hpp>

#include "commands/app_edit.h"

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

void add_source_choice(CLI::App& command, SourceChoice& source) {
  command.add_option("--source-position", source.position, "which of several sources, from 1");
  command.add_option("--source-name", source.name, "or its name");
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

void add_app_edits(CLI::App& group, Chosen& chosen) {
  add_create(group, chosen);
  add_set(group, chosen);
  add_unset(group, chosen);
  add_patch(group, chosen);
  add_sources(group, chosen);
}

}  // namespace holdfast::bootstrap
