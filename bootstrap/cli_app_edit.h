// SPDX-License-Identifier: Apache-2.0
// The arguments of those commands of `holdfast app` that change what an Application says, or single objects of it, for
// cli_app.cpp alone.
#pragma once

#include "cli_app.h"

namespace holdfast::bootstrap {

void add_app_edits(CLI::App& group, Chosen& chosen);
void add_source_choice(CLI::App& command, SourceChoice& source);

}  // namespace holdfast::bootstrap
