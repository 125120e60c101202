// SPDX-License-Identifier: Apache-2.0
// `holdfast completion`: a script that completes commands and flags, and files where none of them fits.
// It is made from the commands as they are bound, so nothing is listed twice. Not known: values of flags.
#pragma once

#include "cli_command.h"

namespace holdfast::bootstrap {

void add_completion(CLI::App& app, Chosen& chosen);

}  // namespace holdfast::bootstrap
