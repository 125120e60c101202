// SPDX-License-Identifier: Apache-2.0
#include "cli_command.h"

#include <CLI/CLI.hpp>
#include <algorithm>

namespace holdfast::bootstrap {

bool Chosen::may_reach(std::string_view command) const {
  return std::ranges::any_of(words, [&](std::string_view word) { return word == command || word == "completion"; });
}

CLI::App* add_command(CLI::App& command, Chosen& chosen, Command run) {
  command.callback([run = std::move(run), &chosen] { chosen.run = run; });
  return &command;
}

}  // namespace holdfast::bootstrap
