// SPDX-License-Identifier: Apache-2.0
// The arguments of those commands of `holdfast app` that change what an Application says, for cli_app.cpp alone.
#pragma once

#include "cli_app.h"

namespace holdfast::bootstrap {

void add_app_edits(CLI::App& group, Chosen& chosen);

}  // namespace holdfast::bootstrap
