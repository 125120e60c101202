// SPDX-License-Identifier: Apache-2.0
// The look of `--help`; for cli.cpp alone.
#pragma once

namespace CLI {
class App;
}

namespace holdfast::bootstrap {

// For `app` and every command that is added to it from then on.
void shape_help(CLI::App& app);

}  // namespace holdfast::bootstrap
