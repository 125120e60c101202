// SPDX-License-Identifier: Apache-2.0
// The arguments of `holdfast app`, for cli.cpp alone: beside it the only file that knows CLI11.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "console.h"

namespace CLI {
class App;
}

namespace holdfast::bootstrap {

// The command that the arguments chose, bound to its options.
struct Chosen {
  std::function<Result<>(Console&)> run;
  std::vector<std::string_view> words = {};  // the arguments

  // Can the arguments mean this group's commands? Making all that there are takes as long as
  // rendering something small.
  [[nodiscard]] bool may_reach(std::string_view group) const;
};

void add_app(CLI::App& app, Chosen& chosen);

}  // namespace holdfast::bootstrap
