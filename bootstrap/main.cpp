// SPDX-License-Identifier: Apache-2.0
// Program `holdfast`: the installer and command line.
#include "cli.h"

int main(int argc, char** argv) { return holdfast::bootstrap::run_cli(argc, argv); }
