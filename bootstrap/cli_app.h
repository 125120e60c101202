// SPDX-License-Identifier: Apache-2.0
// The arguments of `holdfast app`, for cli.cpp alone.
#pragma once

#include "cli_command.h"

namespace holdfast::bootstrap {

void add_app(CLI::App& app, Chosen& chosen);

}  // namespace holdfast::bootstrap
