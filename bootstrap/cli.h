// SPDX-License-Identifier: Apache-2.0
// Arguments → one command → exit code. The only file that knows CLI11 is cli.cpp; a command is
// `Result<> run_x(const XOptions&, Console&)` in commands/x.cpp and testable without argv.
#pragma once

namespace holdfast::bootstrap {

// Returns the process's exit code (enum Exit).
int run_cli(int argc, char** argv);

}  // namespace holdfast::bootstrap
