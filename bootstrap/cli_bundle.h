// SPDX-License-Identifier: Apache-2.0
// The arguments of `holdfast bundle` and `holdfast trust`, for cli.cpp alone.
#pragma once

#include "cli_command.h"

namespace holdfast::bootstrap {

void add_bundle(CLI::App& app, Chosen& chosen);
void add_trust(CLI::App& app, Chosen& chosen);

}  // namespace holdfast::bootstrap
