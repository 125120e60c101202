// SPDX-License-Identifier: Apache-2.0
// How a command of the command line is bound to its options; for the files cli*.cpp alone, which know CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "console.h"

namespace holdfast::bootstrap {

// The command that the arguments chose, bound to its options.
struct Chosen {
  std::function<Result<>(Console&)> run;
  std::vector<std::string_view> words = {};  // the arguments

  // Can the arguments mean this group's commands? Making all that there are takes as long as
  // rendering something small.
  [[nodiscard]] bool may_reach(std::string_view group) const {
    return std::ranges::any_of(words, [&](std::string_view word) { return word == group || word == "completion"; });
  }
};

// Binds `command` to its options. Returns it, for the options to be named.
template <class Options>
CLI::App* add_command(CLI::App& command, Chosen& chosen, const std::shared_ptr<Options>& options,
                      Result<> (*run)(const Options&, Console&)) {
  command.callback([options, run, &chosen] {
    chosen.run = [options, run](Console& console) { return run(*options, console); };
  });
  return &command;
}

}  // namespace holdfast::bootstrap
