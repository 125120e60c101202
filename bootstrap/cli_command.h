// SPDX-License-Identifier: Apache-2.0
// How a command of the command line is bound to its options; for the files cli*.cpp alone, which know CLI11.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "console.h"

namespace CLI {
class App;
}

namespace holdfast::bootstrap {

using Command = std::function<Result<>(Console&)>;

// The command that the arguments chose, bound to its options.
struct Chosen {
  Command run;
  std::vector<std::string_view> words = {};  // the arguments

  // Can the arguments mean this command, or those of this group? Making all that there are takes as
  // long as rendering something small.
  [[nodiscard]] bool may_reach(std::string_view command) const;
};

// `run` is what `chosen` holds when the arguments mean `command`.
CLI::App* add_command(CLI::App& command, Chosen& chosen, Command run);

// Binds `command` to its options. Returns it, for the options to be named.
template <class Options>
CLI::App* add_command(CLI::App& command, Chosen& chosen, const std::shared_ptr<Options>& options,
                      Result<> (*run)(const Options&, Console&)) {
  return add_command(command, chosen, [options, run](Console& console) { return run(*options, console); });
}

}  // namespace holdfast::bootstrap
