// SPDX-License-Identifier: Apache-2.0
#include "cli_completion.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>
#include <string>
#include <vector>

#include "console.h"

namespace holdfast::bootstrap {
namespace {

// "holdfast repo" → its words; the shells' scripts look the typed commands up in these rows.
struct Row {
  std::string path;
  std::vector<std::string> words;
};

void collect_rows(const CLI::App& command, const std::string& path, std::vector<Row>& rows) {
  Row row{.path = path, .words = {}};
  for (const auto* option : command.get_options()) {
    for (const auto& name : option->get_lnames()) row.words.push_back("--" + name);
  }
  const auto visible = [](const CLI::App* each) { return !each->get_group().empty(); };
  for (const auto* each : command.get_subcommands(visible)) row.words.push_back(each->get_name());
  rows.push_back(std::move(row));
  for (const auto* each : command.get_subcommands(visible)) collect_rows(*each, path + " " + each->get_name(), rows);
}

std::string script_for_fish(const std::vector<Row>& rows) {
  std::string out = "function __holdfast_words\n  set -l path holdfast\n"
                    "  for word in (commandline -opc)[2..-1]\n    switch \"$path $word\"\n";
  for (const auto& row : rows) {
    if (row.path != "holdfast") out += fmt::format("      case '{0}'; set path '{0}'\n", row.path);
  }
  out += "    end\n  end\n  set -l words\n  switch \"$path\"\n";
  for (const auto& row : rows) out += fmt::format("    case '{}'; set words {}\n", row.path, fmt::join(row.words, " "));
  out += "  end\n  set -l typed (commandline -ct)\n"
         "  if string match -q -- \"$typed*\" $words\n    printf '%s\\n' $words\n"
         "  else\n    __fish_complete_path \"$typed\"\n  end\nend\n"
         "complete -c holdfast -f -a '(__holdfast_words)'\n";
  return out;
}

// zsh reads bash's. `path` is its own name for PATH.
std::string script_for_bash(const std::vector<Row>& rows) {
  std::string out = "_holdfast() {\n  local command=holdfast word words='' i\n"
                    "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
                    "    word=${COMP_WORDS[i]}\n    case \"$command $word\" in\n";
  for (const auto& row : rows) {
    if (row.path != "holdfast") out += fmt::format("      '{0}') command='{0}' ;;\n", row.path);
  }
  out += "    esac\n  done\n  case \"$command\" in\n";
  for (const auto& row : rows) out += fmt::format("    '{}') words='{}' ;;\n", row.path, fmt::join(row.words, " "));
  out += "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
         "  [ ${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
         "complete -F _holdfast holdfast\n";
  return out;
}

std::string completion_script(const CLI::App& app, const std::string& shell) {
  std::vector<Row> rows;
  collect_rows(app, "holdfast", rows);
  if (shell == "fish") return script_for_fish(rows);
  const char* loaded = shell == "zsh" ? "#compdef holdfast\nautoload -U +X bashcompinit && bashcompinit\n" : "";
  return loaded + script_for_bash(rows);
}

}  // namespace

void add_completion(CLI::App& app, Chosen& chosen) {
  auto shell = std::make_shared<std::string>();
  auto* command = app.add_subcommand("completion", "Print a completion script for your shell");
  command->add_option("shell", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([shell, &app, &chosen] {
    chosen.run = [shell, &app](Console& console) -> Result<> {
      console.text(completion_script(app, *shell));
      return {};
    };
  });
}

}  // namespace holdfast::bootstrap
