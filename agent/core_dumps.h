// SPDX-License-Identifier: Apache-2.0
// Hardens the process: what it holds is for nobody else.
#pragma once

namespace holdfast::agent {

// Keeps what this process holds (credentials, Secrets) out of core dumps, piped ones as well, and from other
// processes of the same user. For the whole process, until it executes another program.
void forbid_core_dumps();

}  // namespace holdfast::agent
