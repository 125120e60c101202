// SPDX-License-Identifier: Apache-2.0
// The arguments of `holdfast app`, for cli.cpp and cli_app*.cpp alone.
#pragma once

#include "cli_command.h"
#include "commands/app.h"

namespace holdfast::bootstrap {

void add_app(CLI::App& app, Chosen& chosen);

// --kubeconfig, --context and --app-namespace.
void add_cluster(CLI::App& command, AppCluster& cluster);

template <class Options>
void bind_to(CLI::App& command, Chosen& chosen, const std::shared_ptr<Options>& options, Result<> (*run)(const Options&, Console&)) {
  add_cluster(command, options->cluster);
  add_command(command, chosen, options, run);
}

}  // namespace holdfast::bootstrap
